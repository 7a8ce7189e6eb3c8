using static TorchSharp.torch;

namespace Interactive.Graphs.Partition;

/// <summary>
/// An op in which ranks exchange rows. It runs backward by its own collective, reads nothing again, and runs once.
/// </summary>
/// <param name="ranks">The ranks.</param>
/// <param name="name">Its name in error messages.</param>
internal abstract class RowOp(IRowExchange ranks, string name) : Op, IDirectUnary
{
    private protected IRowExchange Ranks { get; } = ranks;

    private protected string Name { get; } = name;

    /// <summary>How many times as many rows come out as go in: a number, or one by it.</summary>
    private protected abstract (long Times, long Parts) Rows { get; }

    /// <inheritdoc/>
    public override bool IsCheap => false;
    internal override bool RunsOnce => true;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
        => inputs[0] is { IsRows: true, Type: ScalarType.Float32 } value ? (value.Shape, value.Type)
        : throw new GraphException($"exchanges rows of fp32, got {inputs[0]}");

    /// <inheritdoc/>
    public override IReadOnlyList<Extent> Extents(IReadOnlyList<Value> inputs, Shape output)
        => [new Extent(inputs[0].Extents[0].PerSample * Rows.Times / Rows.Parts, 0), .. output.ToArray()];

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => true;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Forward([input], mode);
    }

    /// <inheritdoc/>
    public abstract Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput);

    private protected static (long Forward, long Backward) Alike(long bytes) => (bytes, bytes);
}

/// <summary>
/// (rows, …) of each rank to all rows on every rank, before a layer of which each has a slice. Backward sums what the
/// slices found for this rank's rows.
/// </summary>
internal sealed class GatherRows(IRowExchange ranks, string name) : RowOp(ranks, name)
{
    /// <inheritdoc/>
    public override string Kind => "gather_rows";
    private protected override (long, long) Rows => (Ranks.Ranks, 1);

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => Ranks.Gather(inputs[0], Name);

    /// <inheritdoc/>
    public override Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
        => wantsInput ? Ranks.Sum(gradient, Name) : null;

    internal override (long, long) SentBytes(Node node, long batch) => Alike((Ranks.Ranks - 1) * node.Inputs[0].Bytes(batch));
}

/// <summary>
/// Sums of this rank's rows over slices of the input features, with the bias, which comes once. Backward gathers.
/// </summary>
internal sealed class SumRows(IRowExchange ranks, string name, TorchSharp.Modules.Parameter? bias) : RowOp(ranks, name)
{
    /// <inheritdoc/>
    public override string Kind => "sum_rows";
    /// <inheritdoc/>
    public override IEnumerable<TorchSharp.Modules.Parameter> Parameters => bias is null ? [] : [bias];
    private protected override (long, long) Rows => (1, Ranks.Ranks);

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        var sum = Ranks.Sum(inputs[0], Name);
        return bias is null ? sum : sum.add_(bias, Runtime.Scalars.One);
    }

    /// <inheritdoc/>
    public override Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (bias is { requires_grad: true }) ParameterGradient.Add(bias, Ops.LinearGradients.OfBias(gradient));
        return wantsInput ? Ranks.Gather(gradient, Name) : null;
    }

    internal override (long, long) SentBytes(Node node, long batch) => Alike((Ranks.Ranks - 1) * node.Output.Bytes(batch));
}

/// <summary>
/// All rows with a slice of the features to this rank's rows with all features, behind a slice that stands alone.
/// Backward goes the same way back.
/// </summary>
internal sealed class SwapColumns(IRowExchange ranks, string name) : RowOp(ranks, name)
{
    /// <inheritdoc/>
    public override string Kind => "swap_columns";
    private protected override (long, long) Rows => (1, Ranks.Ranks);

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var (shape, type) = base.Infer(inputs);
        return (new Shape([.. shape.ToArray()[..^1], shape[^1] * Ranks.Ranks]), type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var blocks = Ranks.Swap(inputs[0], Name);
        var sizes = blocks.shape;
        using var apart = blocks.view([Ranks.Ranks, sizes[0] / Ranks.Ranks, .. sizes[1..]]);
        using var beside = apart.movedim([0], [-2]);
        return beside.reshape([sizes[0] / Ranks.Ranks, .. sizes[1..^1], sizes[^1] * Ranks.Ranks]);
    }

    /// <inheritdoc/>
    public override Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!wantsInput) return null;
        var sizes = gradient.shape;
        using var apart = gradient.reshape([.. sizes[..^1], Ranks.Ranks, sizes[^1] / Ranks.Ranks]);
        using var ahead = apart.movedim([-2], [0]);
        using var blocks = ahead.reshape([sizes[0] * Ranks.Ranks, .. sizes[1..^1], sizes[^1] / Ranks.Ranks]);
        return Ranks.Swap(blocks, Name);
    }

    /// <inheritdoc/>
    public override (long Forward, long Backward) Workspace(Node node, long batch)
        => (node.Output.Bytes(batch), node.Output.Bytes(batch));

    internal override (long, long) SentBytes(Node node, long batch)
        => Alike((Ranks.Ranks - 1) * node.Output.Bytes(batch) / Ranks.Ranks);
}
