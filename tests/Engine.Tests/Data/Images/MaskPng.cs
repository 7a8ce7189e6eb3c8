using System.Buffers.Binary;
using System.IO.Compression;

namespace Interactive.Engine.Tests.Data.Images;

/// <summary>Writes PNGs of any kind and depth, row by row with another filter each.</summary>
internal static class MaskPng
{
    /// <param name="kind">0 for grey, 3 for a palette of four colours.</param>
    public static void Write(string path, int width, int height, int bits, int kind, Func<int, int, int> value)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var (stride, step) = ((width * bits + 7) / 8, bits == 16 ? 2 : 1);
        using var packed = new MemoryStream();
        using (var zip = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var above = new byte[step + stride];
            for (var y = 0; y < height; y++)
            {
                var row = new byte[step + stride];
                for (var x = 0; x < width; x++)
                    if (bits == 16) BinaryPrimitives.WriteUInt16BigEndian(row.AsSpan(step + 2 * x), (ushort)value(x, y));
                    else row[step + x * bits / 8] |= (byte)(value(x, y) << (8 - bits - x * bits % 8));
                zip.WriteByte((byte)(y % 5));
                for (var i = step; i < row.Length; i++) zip.WriteByte((byte)(row[i] - Guess(y % 5, row[i - step], above[i], above[i - step])));
                above = row;
            }
        }
        using var file = File.Create(path);
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var head = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(head, width);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), height);
        (head[8], head[9]) = ((byte)bits, (byte)kind);
        Chunk(file, "IHDR"u8, head);
        if (kind == 3) Chunk(file, "PLTE"u8, [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]);
        Chunk(file, "IDAT"u8, packed.ToArray());
        Chunk(file, "IEND"u8, []);
    }

    private static int Guess(int filter, int left, int up, int corner)
    {
        if (filter < 4) return filter switch { 0 => 0, 1 => left, 2 => up, _ => (left + up) / 2 };
        int[] candidates = [left, up, corner];
        return candidates.MinBy(c => Math.Abs(left + up - corner - c));
    }

    private static void Chunk(Stream file, ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes)
    {
        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, bytes.Length);
        file.Write(number);
        byte[] whole = [.. name, .. bytes];
        file.Write(whole);
        var crc = uint.MaxValue;
        foreach (var b in whole)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }
        BinaryPrimitives.WriteUInt32BigEndian(number, ~crc);
        file.Write(number);
    }
}
