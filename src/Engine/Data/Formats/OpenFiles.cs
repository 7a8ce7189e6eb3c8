using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace Interactive.Data;

/// <summary>
/// Reads parts of files from any thread. Files stay open, up to a number; what is beyond is opened for each read.
/// </summary>
internal sealed class OpenFiles : IDisposable
{
    private const int Most = 256;

    private readonly ConcurrentDictionary<string, SafeFileHandle> open = [];

    /// <summary>Bytes of a file from an offset on.</summary>
    /// <exception cref="InvalidDataException">The file ends before.</exception>
    public byte[] Read(string path, long offset, int count)
    {
        var kept = open.TryGetValue(path, out var handle);
        handle ??= File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (!kept) kept = open.Count < Most && open.TryAdd(path, handle);
        try
        {
            var bytes = GC.AllocateUninitializedArray<byte>(count);
            for (var at = 0; at < count;)
            {
                var read = RandomAccess.Read(handle, bytes.AsSpan(at), offset + at);
                if (read == 0) throw new InvalidDataException($"{path} is cut short: it ends at byte {offset + at}, {count - at} more were to come");
                at += read;
            }
            return bytes;
        }
        finally
        {
            if (!kept) handle.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var handle in open.Values) handle.Dispose();
        open.Clear();
    }
}
