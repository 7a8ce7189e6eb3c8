using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// Batch normalisation applied again from a batch's saved mean and inverse deviation, with an optional rectifier: one
/// pass that reads x and writes y, where libtorch reads x twice, writes y and rectifies it in a third pass. Bit-equal to
/// libtorch's contiguous CPU kernel, which a test holds.
/// </summary>
internal static unsafe class BatchNormKernel
{
    /// <summary>Writes relu?(x alpha + beta) with alpha = w / deviation, beta = b - mean alpha, to <paramref name="y"/>.</summary>
    /// <param name="x">(batch, channels, …), contiguous fp32.</param>
    /// <param name="y">The result; may be <paramref name="x"/>.</param>
    /// <param name="mean">Per channel.</param>
    /// <param name="inverseDeviation">Per channel.</param>
    /// <param name="weight">Per channel.</param>
    /// <param name="bias">Per channel.</param>
    /// <param name="rectify">Apply the rectifier too.</param>
    public static void Apply(Tensor x, Tensor y, Tensor mean, Tensor inverseDeviation, Tensor weight, Tensor bias, bool rectify)
    {
        var channels = x.shape[1];
        var inner = x.numel() / (x.shape[0] * channels);
        var (alpha, beta) = (new float[channels], new float[channels]);
        float* m = ElementKernels.Data(mean), s = ElementKernels.Data(inverseDeviation), w = ElementKernels.Data(weight), b = ElementKernels.Data(bias);
        for (var c = 0; c < channels; c++)
        {
            alpha[c] = s[c] * w[c];
            beta[c] = MathF.FusedMultiplyAdd(-m[c], alpha[c], b[c]);
        }
        float* source = ElementKernels.Data(x), target = ElementKernels.Data(y);
        OpenMp.For(x.shape[0] * channels, Math.Max(1, (1 << 14) / inner), (from, to) =>
        {
            for (var plane = from; plane < to; plane++)
            {
                var c = plane % channels;
                Plane(source + plane * inner, target + plane * inner, inner, alpha[c], beta[c], rectify);
            }
        });
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
