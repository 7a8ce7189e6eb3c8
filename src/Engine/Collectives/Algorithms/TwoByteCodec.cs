using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Interactive.Collectives.Algorithms;

/// <summary>Conversion between fp32 and the two-byte wire formats.</summary>
internal static class TwoByteCodec
{
    /// <summary>Rounds to nearest even.</summary>
    public static void Encode(WireFormat format, ReadOnlySpan<float> values, Span<ushort> encoded)
    {
        if (format == WireFormat.Fp16)
            TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<ushort, Half>(encoded));
        else EncodeBf16(MemoryMarshal.Cast<float, uint>(values), encoded);
    }

    public static void Decode(WireFormat format, ReadOnlySpan<ushort> encoded, Span<float> values)
    {
        if (format == WireFormat.Fp16)
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<ushort, Half>(encoded), values);
        else DecodeBf16(encoded, MemoryMarshal.Cast<float, uint>(values));
    }

    static void EncodeBf16(ReadOnlySpan<uint> values, Span<ushort> encoded)
    {
        int i = 0, step = Vector<ushort>.Count;
        for (; i <= values.Length - step; i += step)
            Vector.Narrow(Round(new Vector<uint>(values[i..])), Round(new Vector<uint>(values[(i + step / 2)..])))
                .CopyTo(encoded[i..]);
        for (; i < values.Length; i++) encoded[i] = (ushort)Round(new Vector<uint>(values[i]))[0];
    }

    static Vector<uint> Round(Vector<uint> bits)
    {
        var upper = Vector.ShiftRightLogical(bits, 16);
        var rounded = Vector.ShiftRightLogical(bits + new Vector<uint>(0x7fff) + (upper & Vector<uint>.One), 16);
        // Rounding could turn a NaN into infinity: keep its upper bits and set one that stays.
        var nan = Vector.GreaterThan(bits & new Vector<uint>(0x7fffffff), new Vector<uint>(0x7f800000));
        return Vector.ConditionalSelect(nan, upper | new Vector<uint>(0x40), rounded);
    }

    static void DecodeBf16(ReadOnlySpan<ushort> encoded, Span<uint> values)
    {
        int i = 0, step = Vector<ushort>.Count;
        for (; i <= encoded.Length - step; i += step)
        {
            Vector.Widen(new Vector<ushort>(encoded[i..]), out var low, out var high);
            Vector.ShiftLeft(low, 16).CopyTo(values[i..]);
            Vector.ShiftLeft(high, 16).CopyTo(values[(i + step / 2)..]);
        }
        for (; i < encoded.Length; i++) values[i] = (uint)encoded[i] << 16;
    }
}
