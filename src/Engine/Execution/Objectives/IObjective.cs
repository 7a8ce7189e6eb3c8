using Interactive.Graphs;
using Interactive.Memory;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// What a step minimises: a scalar of a graph's outputs and the batch's targets, a mean over <see cref="Weight"/>
/// terms.
/// </summary>
public interface IObjective
{
    /// <summary>
    /// The field's name for it, such as <c>cross_entropy</c>, with what sets it apart; profiles are kept under it.
    /// </summary>
    string Name { get; }

    /// <summary>The loss, a scalar with its autograd graph.</summary>
    /// <param name="outputs">The graph's outputs, (batch, …) each, requiring gradients where something before them is
    /// trained.</param>
    /// <param name="targets">The batch's targets, in the batch's order.</param>
    Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets);

    /// <summary>
    /// Whether backward reads the outputs; false for softmax cross-entropy, and then their bytes go before backward.
    /// </summary>
    bool ReadsOutput { get; }

    /// <summary>Whether <see cref="LossOverOutput"/> may be called for a graph with this output alone.</summary>
    bool MayOverwrite(Value output) => false;

    /// <summary>Whether it may be called for these bytes: where and how they lie.</summary>
    bool MayOverwrite(Tensor output) => true;

    /// <summary>
    /// The loss, its gradient (times <paramref name="gradientScale"/>) written over the output, without autograd.
    /// </summary>
    double LossOverOutput(Tensor output, Tensor target, double gradientScale) => throw new NotSupportedException();

    /// <summary>
    /// The weight of the terms of which the loss is the mean, so that losses of parts of a batch can be put together:
    /// samples by default, the labels that count for cross-entropy.
    /// </summary>
    double Weight(IReadOnlyList<Tensor> targets) => targets.Count > 0 ? targets[0].shape[0] : 1;

    /// <summary>Null, or one line that says why a batch does not fit: label out of range, type, shape.</summary>
    /// <param name="outputs">The graph's outputs, shapes and types.</param>
    /// <param name="targets">The batch's targets.</param>
    string? Misfit(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets) => null;

    /// <summary>Made-up targets that fit, on the CPU, for measuring.</summary>
    /// <param name="outputs">The graph's outputs.</param>
    /// <param name="batch">Samples.</param>
    IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch);

    /// <summary>The targets as metrics take them, where labels that do not count are -100.</summary>
    internal IReadOnlyList<Tensor> ForMetrics(IReadOnlyList<Tensor> targets) => targets;

    /// <summary>What a plan must know of it for a graph.</summary>
    internal sealed LossTraits Traits(Graph graph)
        => new(ReadsOutput, graph.Outputs is [var output] && MayOverwrite(output)) { Tables = Tables, RowBytes = RowBytes };

    /// <summary>Tensors of the outputs' size that it holds besides those of softmax cross-entropy; default 0.</summary>
    internal int Tables => 0;

    /// <summary>Bytes for each row of scores where it works on all rows at once; default 0, where it does not.</summary>
    internal long RowBytes => 0;
}
