using Interactive.Graphs;
using Interactive.Graphs.Partition;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Softmax cross-entropy where each rank has the scores of some classes of all rows: of a row the ranks hand one another
/// the greatest score, the sum of exponents and the target's score, and never the scores. Its gradient is written over
/// them.
/// </summary>
/// <param name="whole">The same over all classes.</param>
/// <param name="ranks">Who has the other classes.</param>
/// <param name="outputs">Scores of all classes.</param>
internal sealed class SlicedCrossEntropy(CrossEntropy whole, IRowExchange ranks, IReadOnlyList<Value> outputs) : IObjective
{
    private const string Name = "scores of classes";

    string IObjective.Name => whole.Name + "_sliced";

    long IObjective.RowBytes => TensorPartition.LossRowBytes(ranks.Ranks);

    /// <inheritdoc/>
    public bool ReadsOutput => false;

    /// <summary>Whether an objective can be taken in slices for these outputs: the plain one, of class numbers.</summary>
    public static CrossEntropy? Divides(IObjective objective, IReadOnlyList<Value> outputs)
        => objective is CrossEntropy { IsOfShares: false } whole && outputs is [var output] && whole.MayOverwrite(output) ? whole : null;

    /// <inheritdoc/>
    public bool MayOverwrite(Value output) => true;

    /// <inheritdoc/>
    public double Weight(IReadOnlyList<Tensor> targets) => whole.Weight(targets);

    /// <inheritdoc/>
    public string? Misfit(IReadOnlyList<Value> slices, IReadOnlyList<Tensor> targets)
        => whole.Misfit(outputs, targets) ?? (targets[0].is_floating_point()
        ? "classes are divided among ranks for targets that are class numbers, not shares of classes: use no tensor in --layout" : null);

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> slices, long batch) => whole.SyntheticTargets(outputs, batch);

    /// <inheritdoc/>
    public Tensor Loss(IReadOnlyList<Tensor> slices, IReadOnlyList<Tensor> targets)
        => throw new NotSupportedException("writes over the scores");

    /// <inheritdoc/>
    public double LossOverOutput(Tensor output, Tensor target, double gradientScale)
    {
        using var scope = NewDisposeScope();
        var rows = output.view(-1, output.shape[^1]);
        var (count, classes) = (rows.shape[0], rows.shape[1]);
        var labels = target.flatten();
        var counts = labels.ne(CrossEntropyInPlace.Ignored);
        var mine = labels.sub(ranks.Rank * classes);
        var isMine = mine.ge(0).logical_and(mine.lt(classes)).to_type(ScalarType.Float32).unsqueeze(1);
        var places = mine.clamp(0, classes - 1).unsqueeze(1);

        var greatest = ranks.Gather(rows.amax([1]), Name).view(ranks.Ranks, count).amax([0]).unsqueeze(1);
        rows.sub_(greatest);
        var chosen = rows.gather(1, places).mul_(isMine);
        var sums = cat([rows.exp_().sum(1, keepdim: true), chosen], 1);
        var all = ranks.Gather(sums, Name).view(ranks.Ranks, count, 2).sum([0]);
        var (exponents, targets) = (all.select(1, 0), all.select(1, 1));

        var weight = counts.sum().item<long>();
        var losses = exponents.log().sub_(targets).masked_select(counts);
        using var scale = Scalars.Of(gradientScale / weight);
        var factor = counts.to_type(ScalarType.Float32).mul_(scale).unsqueeze(1);
        rows.mul_(factor.div(exponents.unsqueeze(1)));
        rows.scatter_add_(1, places, factor.mul_(isMine).neg_());
        return losses.sum().to_type(ScalarType.Float64).item<double>() / weight;
    }
}
