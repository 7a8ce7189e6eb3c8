using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Interactive.Runtime.Kernels;

/// <summary>Sixteen numbers at a time, reckoned with in fp32, of the type in which memory holds them.</summary>
/// <typeparam name="T">What holds a number.</typeparam>
internal unsafe interface INumbers<T> where T : unmanaged
{
    /// <summary>The numbers from an address on.</summary>
    static abstract Vector512<float> Load(T* from);
    /// <summary>Writes them, rounded to the nearest.</summary>
    static abstract void Store(T* to, Vector512<float> numbers);
    /// <summary>max(x, 0) of what has been rounded so; a NaN and a negative zero pass.</summary>
    static abstract void StoreRectified(T* to, Vector512<float> numbers);
    /// <summary>A sum over threads, of what each has summed up in fp32: in double for fp32, as libtorch does.</summary>
    static abstract float Total(ReadOnlySpan<float> sums);
    /// <summary>The same, divided by a count.</summary>
    static abstract float Mean(ReadOnlySpan<float> sums, long count);
}

/// <summary>fp32 numbers.</summary>
internal readonly unsafe struct Float32Numbers : INumbers<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* from) => Vector512.Load(from);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* to, Vector512<float> numbers) => numbers.Store(to);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRectified(float* to, Vector512<float> numbers)
        => Vector512.ConditionalSelect(Vector512.LessThan(numbers, Vector512<float>.Zero), Vector512<float>.Zero,
            numbers).Store(to);
    public static float Total(ReadOnlySpan<float> sums) => (float)Sum(sums);
    public static float Mean(ReadOnlySpan<float> sums, long count) => (float)(Sum(sums) / count);

    private static double Sum(ReadOnlySpan<float> sums)
    {
        var sum = 0.0;
        foreach (var each in sums) sum += each;
        return sum;
    }
}

/// <summary>bfloat16 numbers.</summary>
internal readonly unsafe struct BFloat16Numbers : INumbers<ushort>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(ushort* from) => BFloat16Rows.Wide(Vector256.Load(from));
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ushort* to, Vector512<float> numbers) => BFloat16Rows.Rounded(numbers).Store(to);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRectified(ushort* to, Vector512<float> numbers)
        => BFloat16Rows.Rectified(BFloat16Rows.Rounded(numbers)).Store(to);

    public static float Total(ReadOnlySpan<float> sums)
    {
        var sum = 0f;
        foreach (var each in sums) sum += each;
        return sum;
    }

    public static float Mean(ReadOnlySpan<float> sums, long count) => Total(sums) / count;
}
