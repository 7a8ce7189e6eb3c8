using System.IO.Compression;
using Interactive.Data;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>MNIST's files, packed or not.</summary>
internal sealed class IdxTarget(string extension) : IFuzzTarget
{
    public string Name => extension[1..];

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "images" + extension);
        byte[] file = [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6,
            .. Enumerable.Range(0, 4 * 5 * 6).Select(i => (byte)i)];
        using Stream to = File.Create(path),
            packed = extension.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(to, CompressionLevel.Optimal)
            : to;
        packed.Write(file);
        return path;
    }

    public void Read(string path) => Idx.Read(path);
}
