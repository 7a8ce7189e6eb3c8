using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// Mean and squared deviation of eight channels at once. libtorch adds a channel's numbers one after the other in
/// double, and each addition waits for the one before; here eight such chains run side by side, so that every sum keeps
/// its order and its bits.
/// </summary>
internal static unsafe class ChannelSums
{
    /// <summary>Channels that are summed at once.</summary>
    public const int Width = 8;

    /// <summary>True on processors that have what it takes.</summary>
    public static bool IsSupported => Avx512F.IsSupported;

    /// <summary>Sums over (samples, channels, positions) for the channels that begin at <paramref name="x"/>.</summary>
    /// <param name="x">The first channel of the first sample.</param>
    /// <param name="samples">How many.</param>
    /// <param name="step">From sample to sample, in numbers.</param>
    /// <param name="inner">Positions of a channel, one behind the other.</param>
    /// <param name="mean">Receives eight means.</param>
    /// <param name="deviation">Receives eight sums of (x - mean)^2.</param>
    public static void Eight(float* x, long samples, long step, long inner, float* mean, float* deviation)
    {
        var sum = Vector512<double>.Zero;
        for (var sample = 0L; sample < samples; sample++) sum = Add<Itself>(x + sample * step, inner, default, sum);
        var means = Avx512F.ConvertToVector256Single(sum / Vector512.Create((double)(samples * inner)));
        means.Store(mean);
        sum = Vector512<double>.Zero;
        for (var sample = 0L; sample < samples; sample++) sum = Add<Deviation>(x + sample * step, inner, means, sum);
        Avx512F.ConvertToVector256Single(sum).Store(deviation);
    }

    /// <summary>The same for one channel.</summary>
    public static void One(float* x, long samples, long step, long inner, float* mean, float* deviation)
    {
        var sum = 0.0;
        for (var sample = 0L; sample < samples; sample++)
            for (var i = 0L; i < inner; i++) sum += x[sample * step + i];
        *mean = (float)(sum / (samples * inner));
        sum = 0;
        for (var sample = 0L; sample < samples; sample++)
            for (var i = 0L; i < inner; i++)
            {
                var difference = x[sample * step + i] - *mean;
                sum += difference * difference;
            }
        *deviation = (float)sum;
    }

    private interface ITerm
    {
        static abstract Vector256<float> Of(Vector256<float> x, Vector256<float> mean);
    }

    private struct Itself : ITerm
    {
        public static Vector256<float> Of(Vector256<float> x, Vector256<float> mean) => x;
    }

    private struct Deviation : ITerm
    {
        public static Vector256<float> Of(Vector256<float> x, Vector256<float> mean)
        {
            var difference = x - mean;
            return difference * difference;
        }
    }

    private static Vector512<double> Add<T>(float* x, long inner, Vector256<float> mean, Vector512<double> sum)
        where T : struct, ITerm
    {
        var i = 0L;
        for (; i <= inner - Width; i += Width)
        {
            // Eight positions of eight channels, turned so that a vector holds one position of all.
            var at = x + i;
            Vector256<float> a = Vector256.Load(at), b = Vector256.Load(at + inner), c = Vector256.Load(at + 2 * inner),
                d = Vector256.Load(at + 3 * inner),
                e = Vector256.Load(at + 4 * inner), f = Vector256.Load(at + 5 * inner),
                    g = Vector256.Load(at + 6 * inner), h = Vector256.Load(at + 7 * inner);
            Vector256<float> ab0 = Avx.UnpackLow(a, b), ab1 = Avx.UnpackHigh(a, b), cd0 = Avx.UnpackLow(c, d),
                cd1 = Avx.UnpackHigh(c, d),
                ef0 = Avx.UnpackLow(e, f), ef1 = Avx.UnpackHigh(e, f), gh0 = Avx.UnpackLow(g, h),
                    gh1 = Avx.UnpackHigh(g, h);
            Vector256<float> l0 = Avx.Shuffle(ab0, cd0, 0x44), l1 = Avx.Shuffle(ab0, cd0, 0xEE),
                l2 = Avx.Shuffle(ab1, cd1, 0x44), l3 = Avx.Shuffle(ab1, cd1, 0xEE),
                u0 = Avx.Shuffle(ef0, gh0, 0x44), u1 = Avx.Shuffle(ef0, gh0, 0xEE), u2 = Avx.Shuffle(ef1, gh1, 0x44),
                    u3 = Avx.Shuffle(ef1, gh1, 0xEE);
            sum = Next<T>(Avx.Permute2x128(l0, u0, 0x20), mean, sum);
            sum = Next<T>(Avx.Permute2x128(l1, u1, 0x20), mean, sum);
            sum = Next<T>(Avx.Permute2x128(l2, u2, 0x20), mean, sum);
            sum = Next<T>(Avx.Permute2x128(l3, u3, 0x20), mean, sum);
            sum = Next<T>(Avx.Permute2x128(l0, u0, 0x31), mean, sum);
            sum = Next<T>(Avx.Permute2x128(l1, u1, 0x31), mean, sum);
            sum = Next<T>(Avx.Permute2x128(l2, u2, 0x31), mean, sum);
            sum = Next<T>(Avx.Permute2x128(l3, u3, 0x31), mean, sum);
        }
        for (; i < inner; i++)
            sum = Next<T>(Vector256.Create(x[i], x[i + inner], x[i + 2 * inner], x[i + 3 * inner], x[i + 4 * inner],
                x[i + 5 * inner], x[i + 6 * inner], x[i + 7 * inner]), mean, sum);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Next<T>(Vector256<float> x, Vector256<float> mean, Vector512<double> sum)
        where T : struct, ITerm
        => sum + Avx512F.ConvertToVector512Double(T.Of(x, mean));
}
