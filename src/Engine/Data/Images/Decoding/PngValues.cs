using System.Buffers.Binary;
using System.IO.Compression;

namespace Interactive.Data;

/// <summary>
/// The values of a PNG of grey pixels or of a palette as the file holds them: a pixel's class in a mask. Decoders for pictures
/// spread grey values of few bits to 255 and replace a palette's numbers by its colours.
/// </summary>
internal static class PngValues
{
    private const int Grey = 0, Palette = 3, Head = 8, ChunkEnds = 12;
    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    public static bool IsPng(ReadOnlySpan<byte> file) => file.StartsWith(Magic);

    /// <summary>Whether its pixels are colours of 8 bits a channel, or grey with an alpha channel.</summary>
    public static bool HasColours(ReadOnlySpan<byte> file) => file.Length > 25 && file[24] == 8 && file[25] is not (Grey or Palette);

    /// <summary>Decodes it.</summary>
    /// <exception cref="InvalidDataException">It is of another kind, damaged, or has a value above 255.</exception>
    public static Image Decode(ReadOnlySpan<byte> file)
    {
        var head = file.Length >= 33 ? file.Slice(Head + 8, 13) : throw Cut();
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(head), BinaryPrimitives.ReadInt32BigEndian(head[4..]));
        var (bits, kind, isInterlaced) = (head[8], head[9], head[12] != 0);
        if (kind is not (Grey or Palette)) throw new InvalidDataException("a mask must be a grey picture or one with a palette, whose values are classes; it has colours of 16 bits");
        if (isInterlaced) throw new InvalidDataException("a mask must not be an interlaced PNG");
        if (bits is not (1 or 2 or 4 or 8 or 16)) throw new InvalidDataException($"its header is damaged: {bits} bits a pixel");
        using var packed = Data(file);
        using var unpacked = new ZLibStream(packed, CompressionMode.Decompress);
        var (stride, step) = ((int)(((long)width * bits + 7) / 8), bits == 16 ? 2 : 1);
        var (above, row) = (new byte[step + stride], new byte[step + stride]); // a pixel of 0 stands before each row
        var image = new Image(width, height, 1);
        try
        {
            for (var y = 0; y < height; y++, (above, row) = (row, above))
            {
                var filter = unpacked.ReadByte();
                if (filter < 0 || unpacked.ReadAtLeast(row.AsSpan(step), stride, throwOnEndOfStream: false) < stride) throw Cut();
                Undo(filter, row, above, step);
                Spread(row.AsSpan(step), image.Row(y), bits, y);
            }
            _ = unpacked.ReadByte(); // the end, where the checksum is compared
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private static MemoryStream Data(ReadOnlySpan<byte> file)
    {
        var data = new MemoryStream();
        for (var at = Head; at + ChunkEnds <= file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file[at..]);
            if (length < 0 || length > file.Length - at - ChunkEnds) throw Cut();
            if (file.Slice(at + 4, 4).SequenceEqual("IDAT"u8)) data.Write(file.Slice(at + 8, length));
            at += ChunkEnds + length;
        }
        data.Position = 0;
        return data;
    }

    private static void Undo(int filter, byte[] row, byte[] above, int step)
    {
        for (var i = step; i < row.Length; i++)
            row[i] += filter switch
            {
                0 => 0,
                1 => row[i - step],
                2 => above[i],
                3 => (byte)((row[i - step] + above[i]) / 2),
                4 => Nearest(row[i - step], above[i], above[i - step]),
                _ => throw new InvalidDataException($"it is damaged: there is no filter {filter}"),
            };
    }

    private static byte Nearest(int left, int up, int corner) // Paeth's choice
    {
        var (byLeft, byUp, byCorner) = (Math.Abs(up - corner), Math.Abs(left - corner), Math.Abs(left + up - 2 * corner));
        return (byte)(byLeft <= byUp && byLeft <= byCorner ? left : byUp <= byCorner ? up : corner);
    }

    private static void Spread(ReadOnlySpan<byte> row, Span<byte> to, int bits, int y)
    {
        for (var x = 0; x < to.Length; x++)
            to[x] = bits switch
            {
                8 => row[x],
                16 => row[2 * x] == 0 ? row[2 * x + 1]
                    : throw new InvalidDataException($"its pixel ({x}, {y}) is {row[2 * x] << 8 | row[2 * x + 1]}: classes are 0 to 254, and 255 is none"),
                _ => (byte)(row[x * bits / 8] >> (8 - bits - x * bits % 8) & (1 << bits) - 1),
            };
    }

    private static InvalidDataException Cut() => new("the picture is damaged (cut short)");
}
