using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>A file under a temporary name, its bytes with the system but perhaps not yet on the disk. <see cref="Commit"/> puts it in its place.</summary>
internal sealed class FileDraft : IDisposable
{
    private readonly string temporary;
    private FileStream? file;

    /// <param name="path">Its place.</param>
    /// <param name="write">Produces the bytes; where it throws, nothing is left.</param>
    /// <param name="buffer">Bytes that are collected before they are written.</param>
    public FileDraft(string path, Action<Stream> write, int buffer)
    {
        (Path, temporary) = (path, $"{path}.{Environment.ProcessId}.tmp");
        file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, buffer);
        try
        {
            write(file);
            file.Flush();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>Returns when the file is on the disk under its name, also after a power failure. On any thread.</summary>
    public void Commit()
    {
        file!.Flush(flushToDisk: true);
        file.Dispose();
        File.Move(temporary, Path, overwrite: true);
        file = null;
        FlushFolder(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!);
    }

    // The new name is an entry of the folder, which has a cache of its own. File systems without such a call do it by themselves.
    private static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux()) return;
        var descriptor = open(folder, 0);
        if (descriptor < 0) return;
        _ = fsync(descriptor);
        _ = close(descriptor);
    }

    /// <summary>Leaves nothing behind, unless it was put in its place.</summary>
    public void Dispose()
    {
        if (file is null) return;
        try { file.Dispose(); }
        catch (IOException) { } // what it still held has no room: it is not wanted any more
        file = null;
        try { File.Delete(temporary); }
        catch (IOException) { } // on a disk that has become read-only: the next start clears it away
    }

    [DllImport("libc")] private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
    [DllImport("libc")] private static extern int fsync(int descriptor);
    [DllImport("libc")] private static extern int close(int descriptor);
}
