using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Batch normalisation (Ioffe and Szegedy 2015) of (channels), (channels, length) or (channels, depth, height, width); for images
/// there is <see cref="BatchNorm2d"/>. Backward reads the input and the batch's mean and inverse deviation. A recompute leaves the
/// running statistics alone.
/// </summary>
public sealed class BatchNormNd(TorchSharp.Modules.BatchNorm module) : ElementWise, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "batch_norm_nd";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["eps"] = module.eps,
        ["momentum"] = module.momentum ?? -1, // -1: the mean over all batches
        ["affine"] = module.affine,
        ["track_running_stats"] = module.track_running_stats,
    };
    /// <inheritdoc/>
    public override nn.Module Module => module;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        if (inputs[0].Shape.Rank is not (1 or 2 or 4) || inputs[0].Shape[0] != module.num_features)
            throw new GraphException($"expects {module.num_features} channels, alone or with a length or depth x height x width, got {inputs[0].Shape}");
        return base.Infer(inputs);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        if (!mode.Training) return nn.functional.batch_norm(inputs[0], module.running_mean, module.running_var, module.weight, module.bias, training: !module.track_running_stats, eps: module.eps);
        var counts = Counts(mode, out var momentum);
        return nn.functional.batch_norm(inputs[0], counts ? module.running_mean : null!, counts ? module.running_var : null!, module.weight, module.bias, training: true, momentum, module.eps);
    }

    /// <inheritdoc/>
    public override bool HasModes => true;

    // True when this run moves the running statistics.
    private bool Counts(RunMode mode, out double momentum)
    {
        momentum = 0;
        if (!module.track_running_stats || mode.Recompute) return false;
        module.num_batches_tracked!.add_(Scalars.One, Scalars.One);
        momentum = module.momentum ?? 1.0 / module.num_batches_tracked!.item<long>();
        return true;
    }

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => Aten.IsAvailable && input.device_type == DeviceType.CPU;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        var counts = Counts(mode, out var momentum);
        Span<nint> results = stackalloc nint[3];
        Aten.Call("native_batch_norm", "", results, input, new Aten.Optional(module.weight), new Aten.Optional(module.bias),
            new Aten.Optional(counts ? module.running_mean : null), new Aten.Optional(counts ? module.running_var : null), true, momentum, module.eps);
        statistics = [Tensor.UnsafeCreateTensor(results[1]), Tensor.UnsafeCreateTensor(results[2])];
        return Tensor.UnsafeCreateTensor(results[0]);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        var (weight, bias) = (module.weight, module.bias);
        var wanted = ParameterGradient.Wanted(wantsInput, weight, bias);
        if (wanted.Sum() == 0) return null;
        Span<nint> results = stackalloc nint[3];
        Aten.Call("native_batch_norm_backward", "", results, gradient, input, new Aten.Optional(weight), new Aten.Optional(null), new Aten.Optional(null),
            new Aten.Optional(statistics[0]), new Aten.Optional(statistics[1]), true, module.eps, wanted);
        return ParameterGradient.Take(results, wanted, weight, bias);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1, ExtraBytes: _ => module.training ? 2 * 4 * module.num_features : 0);
    /// <inheritdoc/>
    public override double Flops(Node node) => 5.0 * node.Output.Shape.Elements;
}
