using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// The same pictures in another order of memory. Backward reads nothing and hands the gradient on as it lies, as
/// libtorch does.
/// </summary>
/// <param name="format">Of the output.</param>
internal sealed class Lay(MemoryFormat format) : Op
{
    /// <summary>How the output lies.</summary>
    public MemoryFormat Format => format;
    /// <inheritdoc/>
    public override string Kind => "lay";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["format"] = format.Name };
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        RequireRank(inputs[0], 3, "channels x height x width");
        return (inputs[0].Shape, inputs[0].Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        var x = inputs[0];
        if (format == MemoryFormat.ChannelsLast) return ChannelsLast.Has(x) ? x.clone() : ChannelsLast.Of(x);
        if (!x.is_contiguous()) return x.contiguous();
        // a single position: the same bytes, with the strides of a contiguous tensor
        using var copy = x.clone();
        using var rows = copy.flatten(1);
        return rows.view(x.shape);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}
