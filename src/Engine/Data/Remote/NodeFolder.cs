using System.Collections.Concurrent;
using Interactive.Runtime;

namespace Interactive.Data;

/// <summary>
/// Files of other places, kept on this machine under a key of their content, for all processes and runs of this user.
/// A file is made under another name and renamed, so that a killed process leaves nothing to clean; one process makes
/// it while others wait. Where the folder takes no more, it says so once and is left out.
/// </summary>
internal sealed class NodeFolder
{
    private const int WouldBlock = 11; // EWOULDBLOCK: another holds the lock
    private static readonly ConcurrentDictionary<string, object> gates = [];
    private static int warned;

    private readonly string folder;

    /// <param name="folder">The folder; default <c>data</c> in the user's cache folder.</param>
    public NodeFolder(string? folder = null) => this.folder = folder ?? Path.Combine(CacheFolder.Find(), "data");

    /// <summary>Told of a folder that cannot be used; standard error by default.</summary>
    internal static Action<string> Warn { get; set; } = Console.Error.WriteLine;

    /// <summary>The path of a key's file, made if it is not there; null where the folder does not take it.</summary>
    /// <param name="key">Names the content.</param>
    /// <param name="length">Bytes that it must have; null where that is not known.</param>
    /// <param name="make">Writes it to a path; may throw a <see cref="UsageException"/>.</param>
    public string? Get(string key, long? length, Action<string> make)
    {
        var path = Path.Combine(folder, key);
        lock (gates.GetOrAdd(path, _ => new object()))
            try
            {
                if (IsWhole(path, length)) return path;
                Directory.CreateDirectory(folder);
                using var gate = Lock($"{path}.lock");
                if (IsWhole(path, length)) return path;
                try
                {
                    make($"{path}.part");
                    File.Move($"{path}.part", path, overwrite: true);
                    return path;
                }
                catch
                {
                    Remove($"{path}.part");
                    throw;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (Interlocked.Exchange(ref warned, 1) == 0) Warn($"warning: {folder} cannot keep data of elsewhere, they are read where they are: {e.Message.ReplaceLineEndings(" ")}");
                return null;
            }
    }

    private static bool IsWhole(string path, long? length)
        => File.Exists(path) && (length is null || new FileInfo(path).Length == length);

    private static void Remove(string path)
    {
        try { File.Delete(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // overwritten next time
    }

    // The system lets go of it when its process ends, however that ends. The empty file stays: another process may wait
    // on it.
    private static FileStream Lock(string path)
    {
        while (true)
            try { return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None); }
            catch (IOException e) when (e.HResult == WouldBlock) { Thread.Sleep(20); }
    }
}
