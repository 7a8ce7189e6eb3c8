using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Joins values along any dimension; <see cref="Concat"/> is for the first. Backward copies to each its part of the
/// gradient and reads nothing.
/// </summary>
/// <param name="dimension">Numbered as in a tensor, the batch being 0.</param>
internal sealed class ConcatAlong(long dimension) : DirectOp
{
    /// <inheritdoc/>
    public override string Kind => "concat_along";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["dim"] = dimension };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var axis = Axes.Of(dimension, inputs[0].Shape) - 1;
        var sizes = inputs[0].Shape.ToArray();
        foreach (var input in inputs.Skip(1))
        {
            var other = input.Shape.ToArray();
            var fits = other.Length == sizes.Length && input.Type == inputs[0].Type;
            for (var i = 0; fits && i < sizes.Length; i++) fits = i == axis || other[i] == sizes[i];
            if (!fits) throw new GraphException($"joins along dimension {dimension} what is equal along the others, got {inputs[0].Shape} ({inputs[0].Name}) and {input.Shape} ({input.Name})");
            sizes[axis] += other[axis];
        }
        return (new Shape(sizes), inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => cat(inputs.ToArray(), dimension);

    /// <inheritdoc/>
    public override void Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics,
        ReadOnlySpan<bool> wants, Span<Tensor?> arriving)
    {
        var from = 0L;
        for (var i = 0; i < inputs.Length; i++)
        {
            var length = inputs[i].size((int)dimension);
            if (wants[i])
                using (var part = gradient.narrow(dimension, from, length)) arriving[i] = Axes.Copy(part);
            from += length;
        }
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}
