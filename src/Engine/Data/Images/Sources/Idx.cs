using System.Buffers.Binary;
using System.IO.Compression;

namespace Interactive.Data;

/// <summary>
/// Reads the IDX format of MNIST: a big-endian header (type, dimensions, sizes), then bytes. Files may be gzipped.
/// </summary>
public static class Idx
{
    /// <summary>The sizes and the bytes of an unsigned-byte IDX file.</summary>
    /// <exception cref="InvalidDataException">The file is not IDX, holds another type, or is cut short.</exception>
    public static (int[] Sizes, byte[] Data) Read(string path)
    {
        using Stream file = File.OpenRead(path),
            content = path.EndsWith(".gz") ? new GZipStream(file, CompressionMode.Decompress) : file;
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
            return (sizes,
                Content(content,
                Bytes(sizes)
                ?? throw new InvalidDataException($"{path}: no IDX file has the sizes {string.Join('x', sizes)}")));
        }
        catch (EndOfStreamException) { throw new InvalidDataException($"{path}: the file is cut short"); }
        catch (InvalidDataException e) when (!e.Message.StartsWith(path,
            StringComparison.Ordinal))
        { throw new InvalidDataException($"{path}: not a gzip file, or cut short"); }
    }

    private static int? Bytes(int[] sizes)
    {
        long bytes = 1;
        foreach (var size in sizes)
            if (size < 0 || (bytes *= size) > Array.MaxLength) return null;
        return (int)bytes;
    }

    // The header is not believed: memory is taken as the bytes come.
    private static byte[] Content(Stream from, int length)
    {
        if (from is FileStream file && file.Length - file.Position < length) throw new EndOfStreamException();
        var data = new byte[from is FileStream ? length : Math.Min(length, 1 << 16)];
        for (var read = 0; ;)
        {
            from.ReadExactly(data.AsSpan(read));
            read = data.Length;
            if (read == length) return data;
            Array.Resize(ref data, (int)Math.Min(length, 2L * read));
        }
    }
}
