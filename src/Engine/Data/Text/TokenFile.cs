using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Interactive.Data;

/// <summary>
/// Token numbers as a file of little-endian 32-bit numbers that is mapped, not read: pages come when they are used and
/// go when memory is short.
/// </summary>
internal sealed unsafe class TokenFile : MemoryManager<int>
{
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;
    private readonly int length;

    /// <summary>Maps a file.</summary>
    /// <exception cref="UsageException">The file is missing, empty, no whole number of tokens or too large.</exception>
    public TokenFile(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"{path}: there is no such file of tokens");
        var bytes = new FileInfo(path).Length;
        if (bytes == 0 || bytes % sizeof(int) != 0 || bytes / sizeof(int) > int.MaxValue)
            throw new UsageException($"{path}: {bytes} bytes are no file of 1 to {int.MaxValue} tokens of 4 bytes");
        length = (int)(bytes / sizeof(int));
        file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        view = file.CreateViewAccessor(0, bytes, MemoryMappedFileAccess.Read);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
    }

    /// <summary>Writes such a file.</summary>
    public static void Write(string path, ReadOnlySpan<int> tokens)
    {
        using var file = File.Create(path);
        file.Write(MemoryMarshal.AsBytes(tokens));
    }

    /// <inheritdoc/>
    public override Span<int> GetSpan() => new(start, length);
    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new((int*)start + elementIndex);
    /// <inheritdoc/>
    public override void Unpin() { }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing || view.SafeMemoryMappedViewHandle.IsClosed) return;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        file.Dispose();
    }
}
