using System.Buffers.Binary;
using System.IO.Compression;

namespace Interactive.Data;

/// <summary>Reads the IDX format of MNIST: a big-endian header (type, dimensions, sizes), then bytes. Files may be gzipped.</summary>
public static class Idx
{
    /// <summary>The sizes and the bytes of an unsigned-byte IDX file.</summary>
    /// <exception cref="InvalidDataException">The file is not IDX, holds another type, or is cut short.</exception>
    public static (int[] Sizes, byte[] Data) Read(string path)
    {
        using Stream file = File.OpenRead(path), content = path.EndsWith(".gz") ? new GZipStream(file, CompressionMode.Decompress) : file;
        try
        {
            Span<byte> word = stackalloc byte[4];
            content.ReadExactly(word);
            if (word[0] != 0 || word[1] != 0 || word[2] != 8)
                throw new InvalidDataException($"{path}: not an IDX file of unsigned bytes (it begins with {Convert.ToHexString(word)})");
            var sizes = new int[word[3]];
            for (var i = 0; i < sizes.Length; i++)
            {
                content.ReadExactly(word);
                sizes[i] = BinaryPrimitives.ReadInt32BigEndian(word);
            }
            var data = new byte[sizes.Aggregate(1, (a, b) => checked(a * b))];
            content.ReadExactly(data);
            return (sizes, data);
        }
        catch (EndOfStreamException) { throw new InvalidDataException($"{path}: the file is cut short"); }
    }
}
