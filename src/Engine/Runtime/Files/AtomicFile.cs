namespace Interactive.Runtime;

/// <summary>Writes files that matter: to a temporary name, flushed to disk, renamed. A reader sees the old file or the new one.</summary>
public static class AtomicFile
{
    /// <summary>Replaces or creates <paramref name="path"/> with what <paramref name="write"/> produces.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        using var draft = new FileDraft(path, write, buffer: 1 << 20);
        draft.Commit();
    }

    /// <summary>The same for text in UTF-8.</summary>
    public static void WriteText(string path, string text)
    {
        using var draft = new FileDraft(path, s => s.Write(System.Text.Encoding.UTF8.GetBytes(text)), buffer: 0);
        draft.Commit();
    }
}
