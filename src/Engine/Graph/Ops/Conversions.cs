using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// The same numbers in another floating-point type, rounded to the nearest; the gradient goes back in the type of the
/// input. Backward reads nothing.
/// </summary>
/// <param name="from">Of the input.</param>
/// <param name="to">Of the output.</param>
/// <param name="isBatched">The input has samples; a constant has none.</param>
internal sealed class Cast(ScalarType from, ScalarType to, bool isBatched) : Op, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "cast";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["from"] = $"{from}", ["to"] = $"{to}", ["batched"] = isBatched };
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs) => (inputs[0].Shape, to);
    /// <inheritdoc/>
    public override IReadOnlyList<Extent> Extents(IReadOnlyList<Value> inputs, Shape output) => inputs[0].Extents;
    /// <inheritdoc/>
    public override bool IsBatched => isBatched;
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => inputs[0].to_type(to);
    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => true;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return input.to_type(to);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
        => wantsInput ? gradient.to_type(from) : null;

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}

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
