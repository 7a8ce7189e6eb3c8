using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>An element-wise op of two values, which meet by the rule of <see cref="Broadcast"/>.</summary>
internal abstract class Binary : DirectOp
{
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs) => Broadcast.Of(inputs[0], inputs[1], Verb);

    private protected abstract string Verb { get; }

    /// <summary>Bit i where the gradient of input i is asked for.</summary>
    private protected static uint Wanted(Node node)
        => (node.Inputs[0].NeedsGradient ? 1u : 0) | (node.Inputs[1].NeedsGradient ? 2u : 0);
}

/// <summary>
/// x + scale y where one is repeated along some dimensions; <see cref="Add"/> is for equal shapes. Backward reads
/// nothing.
/// </summary>
/// <param name="scale">Of y; default 1.</param>
internal sealed class BroadcastAdd(double scale = 1) : Binary
{
    /// <inheritdoc/>
    public override string Kind => "broadcast_add";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["scale"] = scale };
    private protected override string Verb => "adds";

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var factor = Scalars.Of(scale);
        return inputs[0].add(inputs[1], factor);
    }

    /// <inheritdoc/>
    public override void Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics,
        ReadOnlySpan<bool> wants, Span<Tensor?> arriving)
    {
        if (wants[0]) arriving[0] = Broadcast.ReducedCopy(gradient, inputs[0]);
        if (!wants[1]) return;
        using var factor = Scalars.Of(scale);
        arriving[1] = scale == 1 ? Broadcast.ReducedCopy(gradient, inputs[1])
            : Broadcast.Reduced(gradient.mul(factor), inputs[1]);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}

/// <summary>x times y, number by number. Backward reads each input whose partner's gradient is asked for.</summary>
internal sealed class Mul : Binary
{
    /// <inheritdoc/>
    public override string Kind => "mul";
    private protected override string Verb => "multiplies";
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => inputs[0].mul(inputs[1]);

    /// <inheritdoc/>
    public override void Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics,
        ReadOnlySpan<bool> wants, Span<Tensor?> arriving)
    {
        if (wants[0]) arriving[0] = Broadcast.Reduced(gradient.mul(inputs[1]), inputs[0]);
        if (wants[1]) arriving[1] = Broadcast.Reduced(gradient.mul(inputs[0]), inputs[1]);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: Wanted(node) switch { 0 => 0u, 1 => 2u, 2 => 1u, _ => 3u });
}

/// <summary>x divided by y, number by number. Backward reads y, and x where y's gradient is asked for.</summary>
internal sealed class Div : Binary
{
    /// <inheritdoc/>
    public override string Kind => "div";
    private protected override string Verb => "divides";
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => inputs[0].div(inputs[1]);

    /// <inheritdoc/>
    public override void Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics,
        ReadOnlySpan<bool> wants, Span<Tensor?> arriving)
    {
        if (wants[0]) arriving[0] = Broadcast.Reduced(gradient.div(inputs[1]), inputs[0]);
        if (!wants[1]) return;
        using var ratio = inputs[0].div(inputs[1]);
        using var slope = ratio.div(inputs[1]);
        using var turned = gradient.neg();
        arriving[1] = Broadcast.Reduced(turned.mul(slope), inputs[1]);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: Wanted(node) switch { 0 => 0u, 1 => 2u, _ => 3u });
    /// <inheritdoc/>
    public override double Flops(Node node) => 4.0 * node.Output.Shape.Elements;
}
