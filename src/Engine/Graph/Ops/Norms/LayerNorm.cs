using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Layer normalisation over the last dimensions (Ba et al. 2016). Backward reads the input, mean and inverse deviation.
/// </summary>
internal sealed class LayerNorm(TorchSharp.Modules.LayerNorm module) : Op, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "layer_norm";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["normalized_shape"] = module.normalized_shape,
        ["eps"] = module.eps,
        ["elementwise_affine"] = module.elementwise_affine,
        ["bias"] = module.bias is not null,
    };
    /// <inheritdoc/>
    public override nn.Module Module => module;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var (x, over) = (inputs[0], module.normalized_shape);
        if (x.Shape.Rank < over.Length || !x.Shape.ToArray()[^over.Length..].AsSpan().SequenceEqual(over))
            throw new GraphException($"normalises {string.Join('x', over)}, got {x.Shape}");
        return (x.Shape, x.Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => nn.functional.layer_norm(inputs[0], module.normalized_shape, module.weight!, module.bias!, module.eps);

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => Aten.IsAvailable;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        Span<nint> results = stackalloc nint[3];
        Aten.Call("native_layer_norm", "", results, input, module.normalized_shape, new Aten.Optional(module.weight),
            new Aten.Optional(module.bias), module.eps);
        statistics = [Tensor.UnsafeCreateTensor(results[1]), Tensor.UnsafeCreateTensor(results[2])];
        return Tensor.UnsafeCreateTensor(results[0]);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        var (weight, bias) = (module.weight, module.bias);
        var wanted = ParameterGradient.Wanted(wantsInput, weight, bias);
        Span<nint> results = stackalloc nint[3];
        Aten.Call("native_layer_norm_backward", "", results, gradient, input, module.normalized_shape, statistics[0],
            statistics[1],
            new Aten.Optional(weight), new Aten.Optional(bias), wanted);
        return ParameterGradient.Take(results, wanted, weight, bias);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node)
    {
        var rows = node.Output.Shape.Elements / module.normalized_shape.Aggregate(1L, (a, b) => a * b);
        return new(Inputs: 1, ExtraBytes: batch => 2 * 4 * rows * batch);
    }

    /// <inheritdoc/>
    public override double Flops(Node node) => 5.0 * node.Output.Shape.Elements;
}
