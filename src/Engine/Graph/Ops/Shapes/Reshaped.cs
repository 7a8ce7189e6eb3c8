using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// The same numbers in other dimensions, in the same order. No bytes move: the output is a view of the input.
/// </summary>
/// <param name="shape">One sample; at most one size may be -1, which stands for what is left.</param>
internal sealed class Reshape(params long[] shape) : Op
{
    /// <inheritdoc/>
    public override string Kind => "reshape";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["shape"] = shape };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var known = shape.Where(s => s != -1).Aggregate(1L, (a, b) => a * b);
        var elements = inputs[0].Shape.Elements;
        var open = shape.Count(s => s == -1);
        if (shape.Any(s => s is 0 or < -1) || open > 1 || (open == 1 ? elements % known != 0 : known != elements))
            throw new GraphException($"lays {inputs[0].Shape} in {string.Join('x', shape)}, which does not have its {elements} numbers");
        return (new Shape([.. shape.Select(s => s == -1 ? elements / known : s)]), inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => inputs[0].reshape([inputs[0].shape[0], .. Sizes(inputs[0])]);

    // A batch of any size leaves no room for an open size.
    private long[] Sizes(Tensor x)
    {
        var elements = x.shape[1..].Aggregate(1L, (a, b) => a * b);
        var known = shape.Where(s => s != -1).Aggregate(1L, (a, b) => a * b);
        return [.. shape.Select(s => s == -1 ? elements / known : s)];
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
    /// <inheritdoc/>
    public override bool IsView => true;
    /// <inheritdoc/>
    public override double Flops(Node node) => 0;
}
