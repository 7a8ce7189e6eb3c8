using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// x + scale y, the residual sum, optionally with a rectifier. Backward reads nothing (its output when rectified).
/// </summary>
internal sealed class Add(double scale = 1, bool relu = false) : Op
{
    /// <inheritdoc/>
    public override string Kind => relu ? "add_relu" : "add";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["scale"] = scale,
    };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        if (!inputs[0].Shape.Equals(inputs[1].Shape) || !Broadcast.IsBatched(inputs[0])
            || !Broadcast.IsBatched(inputs[1]))
            throw new GraphException($"adds equal shapes, got {inputs[0].Shape} ({inputs[0].Name}) and {inputs[1].Shape} ({inputs[1].Name})");
        return (inputs[0].Shape, inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        if (mode.Masked && scale == 1 && ElementKernels.AddsInOnePass(inputs[0], inputs[1]))
        {
            var sum = empty_like(inputs[0]);
            ElementKernels.Add(inputs[0], inputs[1], sum, relu);
            return sum;
        }
        var y = scale == 1 ? inputs[0].add(inputs[1], Scalars.One) : inputs[0].add(inputs[1], scale);
        return relu ? ReluInPlace(y, mode) : y;
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0, Output: relu);
    /// <inheritdoc/>
    public override bool Rectifies => relu;
    /// <inheritdoc/>
    public override IReadOnlyList<double>? SumWeights => [1, scale];
    /// <inheritdoc/>
    public override Op? WithRelu() => relu ? null : new Add(scale, relu: true);
}
