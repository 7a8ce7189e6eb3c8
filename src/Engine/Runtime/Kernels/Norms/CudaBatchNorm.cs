using System.Collections.Concurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// cuDNN's batch normalisation, called as autograd calls it, and the same applied again from the batch's statistics.
/// cuDNN has several kernels, which write the last step down in two ways; which one a shape gets is seen at its first
/// run.
/// </summary>
internal static class CudaBatchNorm
{
    private const double LeastEpsilon = 1e-5;   // for less, and for more samples, libtorch takes other kernels
    private const long MostSamples = 880801;
    private const int None = -1;

    private static readonly ConcurrentDictionary<(long Samples, long Channels, long Inner, int Device),
        int> Known = new();

    /// <summary>True when libtorch gives this input to cuDNN.</summary>
    public static bool Takes(Tensor x, double epsilon)
        => Aten.IsAvailable && x.device_type == DeviceType.CUDA && x.dtype == ScalarType.Float32 && x.dim() == 4
        && x.is_contiguous() && x.numel() is > 0 and <= int.MaxValue
            && x.shape[0] <= MostSamples && epsilon >= LeastEpsilon && cuda.is_cudnn_available();

    /// <summary>Normalises, and moves the running statistics where they are given.</summary>
    /// <returns>The result, and for <see cref="Backward"/> the mean, the inverse deviation and cuDNN's own
    /// bytes.</returns>
    public static (Tensor Y, Tensor[] Statistics) Run(Tensor x, Tensor weight, Tensor bias, Tensor? runningMean,
        Tensor? runningVariance, double momentum, double epsilon)
    {
        Span<nint> results = stackalloc nint[4];
        Aten.Call("cudnn_batch_norm", "", results, x, weight, new Aten.Optional(bias), new Aten.Optional(runningMean),
            new Aten.Optional(runningVariance), true, momentum, epsilon);
        var y = Tensor.UnsafeCreateTensor(results[0]);
        Tensor[] statistics = [Tensor.UnsafeCreateTensor(results[1]), Tensor.UnsafeCreateTensor(results[2]),
            Tensor.UnsafeCreateTensor(results[3])];
        if (CudaKernels.Takes(x) && !Known.ContainsKey(Key(x)) && Form(x, y, weight, bias, statistics) is { } form)
            Known[Key(x)] = form;
        return (y, statistics);
    }

    // Null where these numbers do not tell the two apart, as those of an image of one colour.
    private static int? Form(Tensor x, Tensor y, Tensor weight, Tensor bias, Tensor[] statistics)
        => CudaKernels.Forms(x, y, statistics[0], statistics[1], weight, bias) switch
        {
            [true, false] => 0,
            [false, true] => 1,
            [false, false] => None,
            _ => null,
        };

    /// <summary>Writes relu?(the result of <see cref="Run"/>) to <paramref name="y"/> in one pass.</summary>
    /// <returns>False, with nothing done, where no form is known to have its bits.</returns>
    public static bool Apply(Tensor x, Tensor y, Tensor weight, Tensor bias, Tensor[] statistics, bool rectify)
    {
        if (Known.GetValueOrDefault(Key(x), None) is var form && form == None) return false;
        CudaKernels.BatchNorm(form, x, y, statistics[0], statistics[1], weight, bias, rectify);
        return true;
    }

    /// <summary>The gradients of the input, the weight and the bias.</summary>
    public static (Tensor Input, Tensor Weight, Tensor Bias) Backward(Tensor x, Tensor gradient, Tensor weight,
        Tensor[] statistics, double epsilon)
    {
        Span<nint> results = stackalloc nint[3];
        Aten.Call("cudnn_batch_norm_backward", "", results, x, gradient, weight, new Aten.Optional(null),
            new Aten.Optional(null),
            new Aten.Optional(statistics[0]), new Aten.Optional(statistics[1]), epsilon, statistics[2]);
        return (Tensor.UnsafeCreateTensor(results[0]), Tensor.UnsafeCreateTensor(results[1]),
            Tensor.UnsafeCreateTensor(results[2]));
    }

    private static (long, long, long, int) Key(Tensor x)
        => (x.shape[0], x.shape[1], x.shape[2] * x.shape[3], x.device_index);
}
