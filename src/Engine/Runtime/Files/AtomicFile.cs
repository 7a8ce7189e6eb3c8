namespace Interactive.Runtime;

/// <summary>Writes files that matter: to a temporary name, flushed to disk, renamed. A reader sees the old file or the new one.</summary>
public static class AtomicFile
{
    /// <summary>Replaces or creates <paramref name="path"/> with what <paramref name="write"/> produces.</summary>
    /// <exception cref="UsageException">There is no folder of that name, or the name is a folder's.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        RequirePlace(path);
        using var draft = new FileDraft(path, write, buffer: 1 << 20);
        draft.Commit();
    }

    /// <summary>Refuses a name under which no file can lie.</summary>
    /// <exception cref="UsageException">There is no folder of that name, or the name is a folder's.</exception>
    internal static void RequirePlace(string path)
    {
        if (path.Length == 0) throw new UsageException("a file is to be written, but its name is empty");
        if (Directory.Exists(path)) throw new UsageException($"cannot write {path}: it is a folder");
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            throw new UsageException($"cannot write {path}: there is no folder {folder}");
    }

    /// <summary>The same for text in UTF-8.</summary>
    public static void WriteText(string path, string text)
    {
        using var draft = new FileDraft(path, s => s.Write(System.Text.Encoding.UTF8.GetBytes(text)), buffer: 0);
        draft.Commit();
    }
}
