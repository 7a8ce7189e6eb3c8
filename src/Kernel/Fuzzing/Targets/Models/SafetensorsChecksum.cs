using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>Makes the checksum right that checkpoints and models have in their header.</summary>
internal static class SafetensorsChecksum
{
    private const int Digits = 8;

    /// <summary>The file with the checksum of what is in it; as it is where no place for one is found.</summary>
    public static byte[] Mend(byte[] file)
    {
        if (file.Length < sizeof(long)
            || BinaryPrimitives.ReadInt64LittleEndian(file) is var length
            && (length <= 0 || length > file.Length - sizeof(long))) return file;
        var mark = "\"crc32c\":\""u8;
        var at = file.AsSpan(sizeof(long), (int)length).IndexOf(mark);
        if (at < 0 || at + mark.Length + Digits > length) return file;
        var copy = file.ToArray();
        var place = copy.AsSpan(sizeof(long) + at + mark.Length, Digits);
        place.Fill((byte)'0');
        var crc = uint.MaxValue;
        foreach (var value in copy.AsSpan(sizeof(long))) crc = BitOperations.Crc32C(crc, value);
        Encoding.ASCII.GetBytes((~crc).ToString("x8", System.Globalization.CultureInfo.InvariantCulture)).CopyTo(place);
        return copy;
    }
}
