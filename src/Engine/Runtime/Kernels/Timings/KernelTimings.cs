using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// The engine's kernels beside libtorch's operators, and what the two options of speed gain, on the machine at hand.
/// </summary>
internal static class KernelTimings
{
    /// <summary>Measures all; takes some seconds. CPU only.</summary>
    public static IEnumerable<KernelTiming> Measure()
    {
        using var silent = no_grad();
        foreach (var measure in (Func<KernelTiming>[])[Narrow, LaidLast, Pointwise, Sum, Mask, Maxima, Norm, LastNorm, Adam])
        {
            using var scope = NewDisposeScope();
            yield return measure();
        }
    }

    private static KernelTiming Narrow()
    {
        var (x, w) = (randn(4, 128, 28, 28), randn(128, 128, 3, 3));
        var (lowX, lowW) = (x.bfloat16(), w.bfloat16());
        return Of("product", "convolution 128 to 128, 3x3, on 4x128x28x28", "bf16",
            () => nn.functional.conv2d(lowX, lowW, padding: [1, 1]).Dispose(), "fp32",
            () => nn.functional.conv2d(x, w, padding: [1, 1]).Dispose(), "--precision bf16");
    }

    private static KernelTiming LaidLast()
    {
        var (x, w) = (randn(4, 128, 28, 28), randn(128, 128, 3, 3));
        var (lastX, lastW) = (ChannelsLast.Of(x), ChannelsLast.Of(w));
        return Of("order of memory", "convolution 128 to 128, 3x3, on 4x128x28x28", "channels last",
            () => nn.functional.conv2d(lastX, lastW, padding: [1, 1]).Dispose(), "contiguous",
            () => nn.functional.conv2d(x, w, padding: [1, 1]).Dispose(), "--memory-format channels-last");
    }

    private static KernelTiming Pointwise()
    {
        var threads = get_num_threads();
        set_num_threads(1); // elsewhere libtorch calls oneDNN in any case
        try
        {
            var (x, w) = (randn(4, 256, 28, 28), randn(64, 256, 1, 1));
            return Of("pointwise convolution", "256 to 64 on 4x256x28x28, one thread", "oneDNN",
                () => nn.functional.conv2d(x, w, dilation: [2, 2]).Dispose(), "matrix product",
                () => nn.functional.conv2d(x, w).Dispose(), "on one thread, "
                    + (MatrixLibrary.UsesHalfTheVectors ? "oneDNN (MKL uses half the vectors here)" : "matrix product"));
        }
        finally { set_num_threads(threads); }
    }

    private static KernelTiming Sum()
    {
        var (x, y, r) = (randn(4, 256, 28, 28), randn(4, 256, 28, 28), empty(4, 256, 28, 28));
        return Ours("sum and rectifier", "4x256x28x28", () => ElementKernels.Add(x, y, r, rectify: true),
            () => TorchKernels.Add(x, y, r, rectify: true), ElementKernels.AddsInOnePass(x, y));
    }

    private static KernelTiming Mask()
    {
        var (g, y, r) = (randn(4, 256, 28, 28), randn(4, 256, 28, 28).relu(), empty(4, 256, 28, 28));
        return Ours("rectifier's gradient", "4x256x28x28", () => ElementKernels.Mask(g, y, r),
            () => TorchKernels.Mask(g, y, r), ElementKernels.Takes(g));
    }

    private static KernelTiming Maxima()
    {
        var (x, y, places) = (randn(4, 64, 56, 56), empty(4, 64, 28, 28), empty(4, 64, 28, 28, dtype: ScalarType.Int64));
        if (!MaxPoolKernel.Takes(x, (2, 2))) return Absent("max pool", "3x3 by 2 on 4x64x56x56");
        return Ours("max pool", "3x3 by 2 on 4x64x56x56",
            () => MaxPoolKernel.Apply(x, y, places, (3, 3), (2, 2), (1, 1)), () =>
            {
                var (pooled, at) = nn.functional.max_pool2d_with_indices(x, [3, 3], [2, 2], [1, 1]);
                pooled.Dispose();
                at.Dispose();
            }, true);
    }

    private static KernelTiming Norm() => Normalising("batch norm and rectifier", randn(4, 256, 28, 28));

    private static KernelTiming LastNorm()
        => Normalising("the same, channels last", ChannelsLast.Of(randn(4, 256, 28, 28)));

    private static KernelTiming Normalising(string name, Tensor x)
    {
        var last = ChannelsLast.Has(x);
        if (!(last ? ChannelsLastNorm.Takes(x) : BatchNormKernel.Normalises([x]))) return Absent(name, "4x256x28x28");
        var (y, w, b) = (empty_like(x), ones(256), zeros(256));
        var (mean, inverse, squares) = (empty(256), empty(256), empty(256));
        var (runningMean, runningVariance) = (zeros(256), ones(256));
        return Ours(name, "4x256x28x28", () =>
        {
            if (last) ChannelsLastNorm.Normalise(x, y, mean, inverse, squares, w, b, 1e-5, rectify: true);
            else BatchNormKernel.Normalise([x], y, mean, inverse, squares, w, b, 1e-5, rectify: true);
        }, () => nn.functional.batch_norm(x, runningMean, runningVariance, w, b, training: true).relu_().Dispose(), true);
    }

    private static KernelTiming Adam()
    {
        var (p, g, m, s) = (randn(1 << 20), randn(1 << 20), zeros(1 << 20), zeros(1 << 20));
        if (!AdamKernel.Takes(p, g, m, s)) return Absent("AdamW's step", "1,048,576 numbers");
        var factors = new AdamKernel.Factors(0.999f, 0, 0.9f, 0.1f, 0.999f, 0.001f, 1, 1e-8f, -1e-6f);
        return Ours("AdamW's step", "1,048,576 numbers", () => AdamKernel.Step(p, g, m, s, factors), () =>
        {
            p.mul_(0.999f);
            m.mul_(0.9f).add_(g, alpha: 0.1f);
            s.mul_(0.999f).addcmul_(g, g, 0.001f);
            using var root = s.sqrt().div_(1).add_(1e-8f);
            p.addcdiv_(m, root, -1e-6f);
        }, true);
    }

    private static KernelTiming Ours(string name, string shape, Action ours, Action libtorch, bool taken)
        => Of(name, shape, "engine", ours, "libtorch", libtorch, taken ? "engine" : "libtorch");

    private static KernelTiming Of(string name, string shape, string way, Action first, string other, Action second,
        string taken)
    {
        var (seconds, others) = KernelTiming.Medians(first, second, managed: way == "engine");
        return new KernelTiming(name, shape, way, seconds, other, others, taken);
    }

    // Without vectors of 512 bits the engine calls libtorch.
    private static KernelTiming Absent(string name, string shape)
        => new(name, shape, "engine", double.NaN, "libtorch", double.NaN, "libtorch");
}
