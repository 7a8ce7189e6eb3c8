using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Batch normalisation (Ioffe and Szegedy 2015) of (channels), (channels, length) or (channels, depth, height, width);
/// for images there is <see cref="BatchNorm2d"/>. Backward reads the input and the batch's mean and inverse deviation.
/// A recompute leaves the running statistics alone.
/// </summary>
internal sealed class BatchNormNd(TorchSharp.Modules.BatchNorm module) : ElementWise, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "batch_norm_nd";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => NativeBatchNorm.Attributes(module);
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
        if (!mode.Training)
            return nn.functional.batch_norm(inputs[0], module.running_mean, module.running_var, module.weight,
            module.bias, training: !module.track_running_stats, eps: module.eps);
        var counts = NativeBatchNorm.Counts(module, mode, out var momentum);
        return nn.functional.batch_norm(inputs[0], counts ? module.running_mean : null!,
            counts ? module.running_var : null!, module.weight, module.bias, training: true, momentum, module.eps);
    }

    /// <inheritdoc/>
    public override bool HasModes => true;

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => Aten.IsAvailable && input.device_type == DeviceType.CPU;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
        => NativeBatchNorm.Forward(module, input, mode, out statistics);

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
        => NativeBatchNorm.Backward(module, input, gradient, statistics, wantsInput);

    /// <inheritdoc/>
    public override Saved Saves(Node node)
        => new(Inputs: 1, ExtraBytes: _ => module.training ? 2 * 4 * module.num_features : 0);
    /// <inheritdoc/>
    public override int LeastSamples(Node node, bool training)
        => training && node.Output.Shape.Elements == node.Output.Shape[0] ? 2 : 1;
    /// <inheritdoc/>
    public override double Flops(Node node) => 5.0 * node.Output.Shape.Elements;
}
