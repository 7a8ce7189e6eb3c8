using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>The first value with a number where a mask (bool) is true. Backward reads the mask.</summary>
/// <param name="value">The number.</param>
internal sealed class MaskedFill(double value) : DirectOp
{
    /// <inheritdoc/>
    public override string Kind => "masked_fill";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["value"] = value };

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        if (inputs[1].Type != ScalarType.Bool || !Broadcast.Fits(inputs[1], inputs[0].Shape))
            throw new GraphException($"expects a mask of bools that is equal or 1 along each dimension of {inputs[0].Shape}, got {inputs[1].Shape} {inputs[1].Type}");
        return (inputs[0].Shape, inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => Fill(inputs[0], inputs[1], value);

    /// <inheritdoc/>
    public override void Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics,
        ReadOnlySpan<bool> wants, Span<Tensor?> arriving)
    {
        if (wants[0]) arriving[0] = Fill(gradient, inputs[1], 0);
    }

    private static Tensor Fill(Tensor x, Tensor mask, double number)
    {
        using var c = Scalars.Of(number);
        return x.masked_fill(mask, c);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 2);
}

/// <summary>The second value where the first (bool) is true, else the third. Backward reads the first.</summary>
internal sealed class Where : DirectOp
{
    /// <inheritdoc/>
    public override string Kind => "where";

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var (shape, type) = Broadcast.Of(inputs[1], inputs[2], "chooses between");
        if (inputs[0].Type != ScalarType.Bool || !Broadcast.Fits(inputs[0], shape))
            throw new GraphException($"expects bools that are equal or 1 along each dimension of {shape}, got {inputs[0].Shape} {inputs[0].Type}");
        return (shape, type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => where(inputs[0], inputs[1], inputs[2]);

    /// <inheritdoc/>
    public override void Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics,
        ReadOnlySpan<bool> wants, Span<Tensor?> arriving)
    {
        using var none = zeros(1, gradient.dtype, gradient.device);
        if (wants[1]) arriving[1] = Broadcast.Reduced(where(inputs[0], gradient, none), inputs[1]);
        if (wants[2]) arriving[2] = Broadcast.Reduced(where(inputs[0], none, gradient), inputs[2]);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1);
}

/// <summary>True where x is a number: a mask of token numbers or of pixels. Nothing is trained through it.</summary>
/// <param name="value">The number.</param>
/// <param name="not">True where x is not the number.</param>
internal sealed class EqualTo(double value, bool not = false) : Op
{
    /// <inheritdoc/>
    public override string Kind => not ? "not_equal_to" : "equal_to";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["value"] = value };
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs) => (inputs[0].Shape, ScalarType.Bool);

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var c = Scalars.Of(value);
        return not ? inputs[0].ne(c) : inputs[0].eq(c);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}
