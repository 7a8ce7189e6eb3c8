using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>Joins values along the first dimension after the batch (channels). Backward reads nothing.</summary>
internal sealed class Concat : Op
{
    /// <inheritdoc/>
    public override string Kind => "concat";

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var first = inputs[0].Shape.ToArray();
        foreach (var input in inputs)
            if (input.Shape.Rank != first.Length || !input.Shape.ToArray().AsSpan(1).SequenceEqual(first.AsSpan(1)))
                throw new GraphException($"joins channels of one size, got {inputs[0].Shape} ({inputs[0].Name}) and {input.Shape} ({input.Name})");
        first[0] = inputs.Sum(i => i.Shape[0]);
        return (new Shape(first), inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => cat(inputs.ToArray(), 1);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
    /// <inheritdoc/>
    public override bool IsJoin => true;
}
