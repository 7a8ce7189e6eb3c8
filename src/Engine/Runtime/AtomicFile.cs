namespace Interactive.Runtime;

/// <summary>Writes files that matter: to a temporary name, flushed to disk, renamed. A reader sees the old file or the new one.</summary>
public static class AtomicFile
{
    /// <summary>Replaces or creates <paramref name="path"/> with what <paramref name="write"/> produces.</summary>
    public static void Write(string path, Action<Stream> write) => Write(path, write, buffer: 1 << 20);

    private static void Write(string path, Action<Stream> write, int buffer)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, buffer))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>The same for text in UTF-8.</summary>
    public static void WriteText(string path, string text) => Write(path, s => s.Write(System.Text.Encoding.UTF8.GetBytes(text)), buffer: 0);
}
