using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Normalisation of each channel of each sample (Ulyanov et al. 2016), without running statistics. Autograd runs it
/// backward and keeps a view of the input, mean and inverse deviation and, where there are weights, a copy of them for
/// each sample.
/// </summary>
internal sealed class InstanceNorm(TorchSharp.Modules.InstanceNorm module) : ElementWise
{
    /// <inheritdoc/>
    public override string Kind => "instance_norm";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["eps"] = module.eps, ["affine"] = module.affine };
    /// <inheritdoc/>
    public override nn.Module Module => module;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        if (module.track_running_stats) throw new GraphException("instance norm with running statistics is not supported: give track_running_stats: false");
        if (inputs[0].Shape.Rank < 2 || inputs[0].Shape[0] != module.num_features)
            throw new GraphException($"expects {module.num_features} channels with places, got {inputs[0].Shape}");
        return base.Infer(inputs);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.instance_norm(inputs[0], weight: module.weight, bias: module.bias, eps: module.eps);

    /// <inheritdoc/>
    public override Saved Saves(Node node)
        => new(Inputs: 1, ExtraBytes: batch => (module.affine ? 3 : 2) * 4 * module.num_features * batch,
        Swappable: false);
    /// <inheritdoc/>
    public override double Flops(Node node) => 5.0 * node.Output.Shape.Elements;
}
