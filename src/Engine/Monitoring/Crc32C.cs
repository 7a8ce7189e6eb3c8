using System.Buffers.Binary;
using System.Numerics;

namespace Interactive.Monitoring;

/// <summary>CRC-32C (Castagnoli), also with the mask that TensorFlow's record format applies.</summary>
internal static class Crc32C
{
    /// <summary>What <see cref="Append"/> begins with.</summary>
    public const uint Start = uint.MaxValue;

    public static uint Compute(ReadOnlySpan<byte> data) => ~Append(Start, data);

    /// <summary>Takes in more bytes; the sum is the complement of what the last call gave.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (var value in data) crc = BitOperations.Crc32C(crc, value);
        return crc;
    }

    public static uint Masked(ReadOnlySpan<byte> data)
    {
        var crc = Compute(data);
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
    }
}
