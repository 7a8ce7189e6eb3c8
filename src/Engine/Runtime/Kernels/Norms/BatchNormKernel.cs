using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// Batch normalisation, and the same applied again from a batch's saved mean and inverse deviation, with an optional
/// rectifier: what libtorch does in one more pass over x and two more over y. Bit-equal to libtorch's contiguous CPU
/// kernel, which a test holds. Channels do not meet, so x may be in pieces.
/// </summary>
internal static unsafe class BatchNormKernel
{
    /// <summary>
    /// Writes relu?(x alpha + beta) with alpha = w / deviation, beta = b - mean alpha, to <paramref name="y"/>.
    /// </summary>
    /// <param name="x">(batch, channels, …), contiguous fp32, or pieces of that.</param>
    /// <param name="y">The result; may be <paramref name="x"/>.</param>
    /// <param name="mean">Per channel.</param>
    /// <param name="inverseDeviation">Per channel.</param>
    /// <param name="weight">Per channel.</param>
    /// <param name="bias">Per channel.</param>
    /// <param name="rectify">Apply the rectifier too.</param>
    public static void Apply(ReadOnlySpan<Tensor> x, Tensor y, Tensor mean, Tensor inverseDeviation, Tensor weight,
        Tensor bias, bool rectify)
    {
        var source = new ChannelPlanes(x);
        var target = ElementKernels.Data(y);
        long channels = source.Channels, inner = source.Inner;
        var (alpha, beta) = Factors(mean, inverseDeviation, weight, bias);
        OpenMp.For(source.Samples * channels, Math.Max(1, (1 << 14) / inner), (from, to) =>
        {
            for (var plane = from; plane < to; plane++)
            {
                var (sample, c) = Math.DivRem(plane, channels);
                Plane(source.At(sample, c), target + plane * inner, inner, alpha[c], beta[c], rectify);
            }
        });
    }

    private static (float[] Alpha, float[] Beta) Factors(Tensor mean, Tensor inverseDeviation, Tensor weight,
        Tensor bias)
    {
        var channels = weight.numel();
        var (alpha, beta) = (new float[channels], new float[channels]);
        float* m = ElementKernels.Data(mean), s = ElementKernels.Data(inverseDeviation),
            w = ElementKernels.Data(weight), b = ElementKernels.Data(bias);
        for (var c = 0; c < channels; c++)
        {
            alpha[c] = s[c] * w[c];
            beta[c] = MathF.FusedMultiplyAdd(-m[c], alpha[c], b[c]);
        }
        return (alpha, beta);
    }

    /// <summary>True when <see cref="Mask"/> may run on these.</summary>
    public static bool Masks(ReadOnlySpan<Tensor> x, Tensor gradient, Tensor result)
        => Reads(x) && ElementKernels.TakesRows(gradient) && ElementKernels.Takes(result);

    private static bool Reads(ReadOnlySpan<Tensor> x)
    {
        foreach (var piece in x)
            if (!ElementKernels.Takes(piece)) return false;
        return true;
    }

    /// <summary>
    /// Zeroes the gradient where x alpha + beta is not positive: where the output of a rectified batch norm is not,
    /// without that output. What <see cref="Apply"/> and <see cref="Normalise"/> compute is computed again, so no sign
    /// differs; a NaN lets the gradient pass, as in libtorch.
    /// </summary>
    /// <param name="x">(batch, channels, …), contiguous fp32, or pieces of that.</param>
    /// <param name="gradient">Of the output; its samples may lie apart.</param>
    /// <param name="result">Receives the masked gradient, contiguous; may be <paramref name="gradient"/>.</param>
    /// <param name="mean">Per channel.</param>
    /// <param name="inverseDeviation">Per channel.</param>
    /// <param name="weight">Per channel.</param>
    /// <param name="bias">Per channel.</param>
    public static void Mask(ReadOnlySpan<Tensor> x, Tensor gradient, Tensor result, Tensor mean,
        Tensor inverseDeviation, Tensor weight, Tensor bias)
    {
        var source = new ChannelPlanes(x);
        long channels = source.Channels, inner = source.Inner, apart = gradient.stride(0), step = channels * inner;
        var (alpha, beta) = Factors(mean, inverseDeviation, weight, bias);
        float* arriving = ElementKernels.Data(gradient), target = ElementKernels.Data(result);
        if (inner < Small)
        {
            var (a, b) = (Repeated(alpha, inner), Repeated(beta, inner));
            OpenMp.For(source.Samples, Math.Max(1, (1 << 14) / step), (from, to) =>
            {
                fixed (float* pa = a, pb = b)
                    for (var sample = from; sample < to; sample++)
                        foreach (var (c, count) in source.Pieces)
                            MaskRow(source.At(sample, c), arriving + sample * apart + c * inner,
                                target + sample * step + c * inner, count * inner, pa + c * inner, pb + c * inner);
            });
            return;
        }
        OpenMp.For(source.Samples * channels, Math.Max(1, (1 << 14) / inner), (from, to) =>
        {
            var (sample, c) = Math.DivRem(from, channels);
            for (var plane = from; plane < to; plane++)
            {
                MaskPlane(source.At(sample, c), arriving + sample * apart + c * inner, target + plane * inner, inner,
                    alpha[c], beta[c]);
                if (++c == channels) (sample, c) = (sample + 1, 0);
            }
        });
    }

    // positions of a channel, of which less than so many are not worth a loop of their own
    private const int Small = 16;

    private static float[] Repeated(float[] byChannel, long inner)
    {
        var all = new float[byChannel.Length * inner];
        for (var c = 0; c < byChannel.Length; c++) all.AsSpan((int)(c * inner), (int)inner).Fill(byChannel[c]);
        return all;
    }

    private static void MaskPlane(float* x, float* g, float* r, long length, float alpha, float beta)
    {
        var (a, b) = (new Vector<float>(alpha), new Vector<float>(beta));
        // the last vectors may overlap: masking twice changes nothing
        for (long i = 0; ; i = Math.Min(i + Vector<float>.Count, length - Vector<float>.Count))
        {
            ElementKernels.Store(r + i, Masked(ElementKernels.Load(x + i), ElementKernels.Load(g + i), a, b));
            if (i == length - Vector<float>.Count) return;
        }
    }

    private static void MaskRow(float* x, float* g, float* r, long length, float* alpha, float* beta)
    {
        long i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
            ElementKernels.Store(r + i,
                Masked(ElementKernels.Load(x + i), ElementKernels.Load(g + i), ElementKernels.Load(alpha + i),
                ElementKernels.Load(beta + i)));
        for (; i < length; i++) r[i] = MathF.FusedMultiplyAdd(x[i], alpha[i], beta[i]) <= 0 ? 0 : g[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Masked(Vector<float> x, Vector<float> gradient, Vector<float> alpha,
        Vector<float> beta)
        => Vector.ConditionalSelect(Vector.LessThanOrEqual(Vector.FusedMultiplyAdd(x, alpha, beta), Vector<float>.Zero),
        Vector<float>.Zero, gradient);

    /// <summary>True when <see cref="Normalise"/> may run on this input.</summary>
    public static bool Normalises(ReadOnlySpan<Tensor> x)
        => ChannelSums.IsSupported && Reads(x) && x[0].shape is [> 0, _, var height, var width] && height * width > 1;

    /// <summary>
    /// Statistics of the batch, and relu?((x - mean) / deviation w + b) written to <paramref name="y"/>.
    /// </summary>
    /// <param name="x">(batch, channels, height, width), contiguous fp32, of more than one position, or pieces of
    /// that.</param>
    /// <param name="y">The result, not <paramref name="x"/>.</param>
    /// <param name="mean">Receives the mean of each channel.</param>
    /// <param name="inverseDeviation">Receives 1 / sqrt(variance + epsilon) of each.</param>
    /// <param name="squares">Receives the sum of squared deviations of each.</param>
    /// <param name="weight">Per channel.</param>
    /// <param name="bias">Per channel.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="rectify">Apply the rectifier too.</param>
    public static void Normalise(ReadOnlySpan<Tensor> x, Tensor y, Tensor mean, Tensor inverseDeviation, Tensor squares,
        Tensor weight, Tensor bias, double epsilon, bool rectify)
    {
        var source = new ChannelPlanes(x);
        long samples = source.Samples, inner = source.Inner, step = source.Channels * inner;
        float* m = ElementKernels.Data(mean), s = ElementKernels.Data(inverseDeviation),
            q = ElementKernels.Data(squares),
            w = ElementKernels.Data(weight), b = ElementKernels.Data(bias), target = ElementKernels.Data(y);
        OpenMp.For(source.Channels, ChannelSums.Width, (from, to) =>
        {
            for (var c = from; c < to;)
            {
                var together = to - c >= ChannelSums.Width && source.AreTogether(c, ChannelSums.Width);
                if (together) ChannelSums.Eight(source.At(0, c), samples, source.Step(c), inner, m + c, q + c);
                else ChannelSums.One(source.At(0, c), samples, source.Step(c), inner, m + c, q + c);
                // While they are in the cache.
                for (var end = c + (together ? ChannelSums.Width : 1); c < end; c++)
                {
                    s[c] = (float)(1 / Math.Sqrt(q[c] / (float)(samples * inner) + epsilon));
                    var alpha = s[c] * w[c];
                    var beta = MathF.FusedMultiplyAdd(-m[c], alpha, b[c]);
                    for (var sample = 0L; sample < samples; sample++)
                        Plane(source.At(sample, c), target + sample * step + c * inner, inner, alpha, beta, rectify);
                }
            }
        });
    }

    /// <summary>Moves running statistics towards a batch's.</summary>
    /// <param name="runningMean">Per channel.</param>
    /// <param name="runningVariance">Per channel.</param>
    /// <param name="mean">Of the batch.</param>
    /// <param name="squares">Sums of squared deviations of the batch.</param>
    /// <param name="count">Numbers of a channel in the batch.</param>
    /// <param name="momentum">Share of the batch.</param>
    /// <param name="type">Of what was normalised: beside bfloat16 libtorch reckons in fp32 throughout.</param>
    public static void Track(Tensor runningMean, Tensor runningVariance, Tensor mean, Tensor squares, long count,
        double momentum, ScalarType type = ScalarType.Float32)
    {
        float* rm = ElementKernels.Data(runningMean), rv = ElementKernels.Data(runningVariance),
            m = ElementKernels.Data(mean), q = ElementKernels.Data(squares);
        float share = (float)momentum, rest = 1 - share;
        for (var c = 0L; c < mean.numel(); c++)
        {
            rm[c] = share * m[c] + rest * rm[c];
            // only the sum is libtorch's in double, and one product
            rv[c] = type == ScalarType.BFloat16 ? share * (q[c] / (count - 1)) + rest * rv[c]
                : (float)(share * (double)(q[c] / (count - 1)) + rest * rv[c]);
        }
    }

    private static void Plane(float* x, float* y, long length, float alpha, float beta, bool rectify)
    {
        var (a, b) = (new Vector<float>(alpha), new Vector<float>(beta));
        long i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var v = Vector.FusedMultiplyAdd(ElementKernels.Load(x + i), a, b);
            ElementKernels.Store(y + i, rectify ? ElementKernels.Rectified(v) : v);
        }
        for (; i < length; i++)
        {
            var v = MathF.FusedMultiplyAdd(x[i], alpha, beta);
            y[i] = rectify ? ElementKernels.Rectified(v) : v;
        }
    }
}
