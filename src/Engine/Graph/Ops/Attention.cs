using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Multi-head scaled dot-product attention (Vaswani et al. 2017) over packed queries, keys and values:
/// (tokens, 3 x width) to (tokens, width). Backward keeps views of the input, the output and one number per row and head.
/// </summary>
public sealed class Attention(long heads, bool causal) : Op
{
    /// <inheritdoc/>
    public override string Kind => "attention";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["heads"] = heads,
        ["causal"] = causal,
    };
    /// <inheritdoc/>
    public override bool IsCheap => false;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0];
        RequireRank(x, 2, "tokens x (3 x width)");
        if (x.Shape[1] % (3 * heads) != 0) throw new GraphException($"expects 3 x width with width divisible by {heads} heads, got {x.Shape[1]}");
        return (new Shape(x.Shape[0], x.Shape[1] / 3), x.Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var scope = NewDisposeScope();
        var (batch, tokens, packed) = (inputs[0].shape[0], inputs[0].shape[1], inputs[0].shape[2]);
        var split = inputs[0].view(batch, tokens, 3, heads, packed / 3 / heads).permute(2, 0, 3, 1, 4);
        var y = nn.functional.scaled_dot_product_attention(split[0], split[1], split[2], is_casual: causal);
        return y.transpose(1, 2).reshape(batch, tokens, packed / 3).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    // The kernel lays the heads of a token side by side, so the joined output is a view of the one that it saves.
    public override Saved Saves(Node node) => new(Inputs: 1, Output: true, ExtraBytes: batch => batch * node.Output.Shape[0] * heads * 4, Swappable: false);

    /// <inheritdoc/>
    public override double Flops(Node node) => 4.0 * node.Output.Shape.Elements * node.Output.Shape[0];
}
