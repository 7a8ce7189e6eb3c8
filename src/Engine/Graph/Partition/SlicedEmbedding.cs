using Interactive.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Partition;

/// <summary>
/// Looks token numbers up in this rank's slice of a table's rows; those of other ranks are zeros, until the slices are
/// summed. Backward reads the numbers.
/// </summary>
/// <param name="ranks">The ranks.</param>
/// <param name="rows">This rank's.</param>
internal sealed class SlicedEmbedding(IRowExchange ranks, Parameter rows) : Op, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "sliced_embedding";
    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => [rows];

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
        => (new Shape([.. inputs[0].Shape.ToArray(), rows.shape[1]]), rows.dtype);

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1);

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (places, mine) = Mine(inputs[0]);
        var found = zeros([inputs[0].numel(), rows.shape[1]], rows.dtype);
        found.index_copy_(0, places, rows.index_select(0, mine));
        return found.view([.. inputs[0].shape, rows.shape[1]]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => true;

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Forward([input], mode);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
    {
        if (!rows.requires_grad) return null;
        using var scope = NewDisposeScope();
        var (places, mine) = Mine(input);
        var arriving = gradient.reshape(-1, rows.shape[1]).index_select(0, places);
        var found = zeros(rows.shape, rows.dtype).index_add_(0, mine, arriving, Scalars.One);
        ParameterGradient.Add(rows, found.DetachFromDisposeScope());
        return null;
    }

    /// <inheritdoc/>
    public override (long Forward, long Backward) Workspace(Node node, long batch)
        => (node.Output.Bytes(batch) / ranks.Ranks, node.Output.Bytes(batch) / ranks.Ranks);

    // Where those tokens stand that this rank has, and their rows in its slice.
    private (Tensor Places, Tensor Rows) Mine(Tensor tokens)
    {
        var count = rows.shape[0];
        var row = tokens.flatten().sub(ranks.Rank * count);
        var places = row.ge(0).logical_and(row.lt(count)).nonzero().flatten();
        return (places, row.index_select(0, places));
    }
}
