using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>One parameter or, where it is frozen, one constant, which every sample of a batch reads.</summary>
internal sealed class ParameterTensor : nn.Module
{
    /// <summary>Wraps a parameter, which other modules may share.</summary>
    public ParameterTensor(TorchSharp.Modules.Parameter parameter) : base("parameter")
    {
        weight = parameter;
        RegisterComponents();
    }

    /// <summary>The parameter, without a batch dimension.</summary>
    public readonly TorchSharp.Modules.Parameter weight;
}

/// <summary>
/// An element-wise op of a value and a parameter, whose dimensions are the value's last ones, each equal or 1. Autograd
/// runs it backward.
/// </summary>
internal abstract class WithParameter : ElementWise
{
    private protected readonly ParameterTensor Holder;
    private protected WithParameter(ParameterTensor module) => Holder = module;

    /// <inheritdoc/>
    public override nn.Module Module => Holder;
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string,
        object>
        { ["shape"] = Holder.weight.shape, ["trained"] = Holder.weight.requires_grad };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var (x, own) = (inputs[0].Shape.ToArray(), Holder.weight.shape);
        if (own.Length > x.Length || own.Zip(x[^own.Length..]).Any(p => p.First != 1 && p.First != p.Second))
            throw new GraphException($"reads a parameter of {string.Join('x', own)}, which is not equal or 1 along the last dimensions of {inputs[0].Shape}");
        return base.Infer(inputs);
    }
}

/// <summary>x + p. Backward reads nothing.</summary>
internal sealed class AddParameter(ParameterTensor module) : WithParameter(module)
{
    /// <inheritdoc/>
    public override string Kind => "add_parameter";
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => inputs[0].add(Holder.weight, Scalars.One);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}

/// <summary>x times p, number by number: layer scale and the like. Backward reads x where p is trained.</summary>
internal sealed class MulParameter(ParameterTensor module) : WithParameter(module)
{
    /// <inheritdoc/>
    public override string Kind => "mul_parameter";
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => inputs[0].mul(Holder.weight);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: Holder.weight.requires_grad ? 1u : 0u);
}
