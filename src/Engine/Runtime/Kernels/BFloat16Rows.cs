using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// The passes over bfloat16 numbers: the upper halves of fp32 ones. Signs are told from the bits themselves; sums are
/// made in fp32 and rounded to the nearest, ties to even, as libtorch does.
/// </summary>
internal readonly unsafe struct BFloat16Rows : IElementRows<ushort>
{
    // Numbers in a vector: 16 are one register of halves and one of 512 bits in fp32.
    private const int Width = 16;
    private const ushort Negative = 0x8000, MinusInfinity = 0xFF80, NotANumber = 0x7FC0;

    public static void Rectify(ushort* x, long length)
    {
        long i = 0;
        for (; i <= length - Width; i += Width) Rectified(Vector256.Load(x + i)).Store(x + i);
        for (; i < length; i++) x[i] = Rectified(x[i]);
    }

    public static void Mask(ushort* g, ushort* y, ushort* r, long length)
    {
        long i = 0;
        for (; i <= length - Width; i += Width)
        {
            var output = Vector256.Load(y + i);
            var dropped = Vector256.Equals(output, Vector256<ushort>.Zero)
                | Between(output, Negative, MinusInfinity);
            Vector256.AndNot(Vector256.Load(g + i), dropped).Store(r + i);
        }
        for (; i < length; i++) r[i] = y[i] is 0 or >= Negative and <= MinusInfinity ? (ushort)0 : g[i];
    }

    public static void Add(ushort* a, ushort* b, ushort* r, long length, bool rectify)
    {
        long i = 0;
        for (; i <= length - Width; i += Width)
        {
            var sum = Rounded(Wide(Vector256.Load(a + i)) + Wide(Vector256.Load(b + i)));
            (rectify ? Rectified(sum) : sum).Store(r + i);
        }
        for (; i < length; i++)
        {
            var sum = Rounded(Wide(a[i]) + Wide(b[i]));
            r[i] = rectify ? Rectified(sum) : sum;
        }
    }

    // Negative numbers but -0 and NaN: from just above -0 to -infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<ushort> Rectified(Vector256<ushort> x)
        => Vector256.AndNot(x, Between(x, Negative + 1, MinusInfinity));
    private static ushort Rectified(ushort x) => x is > Negative and <= MinusInfinity ? (ushort)0 : x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Between(Vector256<ushort> x, ushort least, ushort most)
        => Vector256.LessThanOrEqual(x - Vector256.Create(least), Vector256.Create((ushort)(most - least)));

    /// <summary>As fp32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Wide(Vector256<ushort> x)
    {
        var (low, high) = Vector256.Widen(x);
        return (Vector512.Create(low, high) << 16).AsSingle();
    }
    internal static float Wide(ushort x) => BitConverter.UInt32BitsToSingle((uint)x << 16);

    /// <summary>To the nearest bfloat16, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<ushort> Rounded(Vector512<float> x)
    {
        var bits = x.AsUInt32();
        var up = bits + Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512<uint>.One);
        var kept = Vector512.ConditionalSelect(Vector512.Equals(x, x).AsUInt32(), up >>> 16,
            Vector512.Create((uint)NotANumber));
        return Vector256.Narrow(kept.GetLower(), kept.GetUpper());
    }
    internal static ushort Rounded(float x)
    {
        if (float.IsNaN(x)) return NotANumber;
        var bits = BitConverter.SingleToUInt32Bits(x);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
