using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>Lays all dimensions after the batch in one. No bytes move: the output is a view of the input.</summary>
internal sealed class Flatten : Op
{
    /// <inheritdoc/>
    public override string Kind => "flatten";
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
        => (new Shape(inputs[0].Shape.Elements), inputs[0].Type);
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => inputs[0].flatten(1);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
    /// <inheritdoc/>
    public override bool IsView => true;
    /// <inheritdoc/>
    public override double Flops(Node node) => 0;
}

/// <summary>
/// (channels, height, width) to (height x width, channels): an image's positions as tokens. Copies, so that what
/// follows reads rows.
/// </summary>
internal sealed class ToTokens : Op
{
    /// <inheritdoc/>
    public override string Kind => "to_tokens";
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        RequireRank(inputs[0], 3, "channels x height x width");
        return (new Shape(inputs[0].Shape[1] * inputs[0].Shape[2], inputs[0].Shape[0]), inputs[0].Type);
    }
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var flat = inputs[0].flatten(2);
        using var turned = flat.transpose(1, 2);
        return turned.contiguous();
    }
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}

/// <summary>One token of a sequence (tokens, width) to (width).</summary>
internal sealed class SelectToken(long index) : Op
{
    /// <inheritdoc/>
    public override string Kind => "select_token";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["index"] = index,
    };
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        RequireRank(inputs[0], 2, "tokens x width");
        return (new Shape(inputs[0].Shape[1]), inputs[0].Type);
    }
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var token = inputs[0].select(1, index);
        return token.clone();
    }
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}
