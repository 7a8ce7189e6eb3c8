using Interactive.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// What the ops of batch normalisation have in common: their attributes, and libtorch's own kernels in training, called
/// without autograd.
/// </summary>
internal static class NativeBatchNorm
{
    /// <summary>As <see cref="Op.Attributes"/>.</summary>
    public static IReadOnlyDictionary<string, object> Attributes(BatchNorm module) => new Dictionary<string, object>
    {
        ["eps"] = module.eps,
        ["momentum"] = module.momentum ?? -1, // -1: the mean over all batches
        ["affine"] = module.affine,
        ["track_running_stats"] = module.track_running_stats,
    };

    /// <summary>Whether a run moves the running statistics, which counts the batch; and by how much.</summary>
    public static bool Counts(BatchNorm module, RunMode mode, out double momentum)
    {
        momentum = 0;
        if (!module.track_running_stats || mode.Recompute) return false;
        module.num_batches_tracked!.add_(Scalars.One, Scalars.One);
        momentum = module.momentum ?? 1.0 / module.num_batches_tracked!.item<long>();
        return true;
    }

    /// <summary>The output, with the batch's mean and inverse deviation.</summary>
    public static Tensor Forward(BatchNorm module, Tensor input, RunMode mode, out Tensor[] statistics)
    {
        var counts = Counts(module, mode, out var momentum);
        Span<nint> results = stackalloc nint[3];
        Aten.Call("native_batch_norm", "", results, input, new Aten.Optional(module.weight),
            new Aten.Optional(module.bias),
            new Aten.Optional(counts ? module.running_mean : null),
                new Aten.Optional(counts ? module.running_var : null), true, momentum, module.eps);
        statistics = [Tensor.UnsafeCreateTensor(results[1]), Tensor.UnsafeCreateTensor(results[2])];
        return Tensor.UnsafeCreateTensor(results[0]);
    }

    /// <summary>Adds to the parameters' gradients and returns the input's, or null where it is not asked for.</summary>
    public static Tensor? Backward(BatchNorm module, Tensor input, Tensor gradient, Tensor[] statistics,
        bool wantsInput)
    {
        var (weight, bias) = (module.weight, module.bias);
        var wanted = ParameterGradient.Wanted(wantsInput, weight, bias);
        if (wanted.Sum() == 0) return null;
        Span<nint> results = stackalloc nint[3];
        Aten.Call("native_batch_norm_backward", "", results, gradient, input, new Aten.Optional(weight),
            new Aten.Optional(null), new Aten.Optional(null),
            new Aten.Optional(statistics[0]), new Aten.Optional(statistics[1]), true, module.eps, wanted);
        return ParameterGradient.Take(results, wanted, weight, bias);
    }
}
