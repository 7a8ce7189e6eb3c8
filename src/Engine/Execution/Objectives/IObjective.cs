using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// What a step minimises: a scalar of a graph's outputs and the batch's targets, a mean over <see cref="Weight"/> terms.
/// </summary>
public interface IObjective
{
    /// <summary>The field's name for it, such as <c>cross_entropy</c>, with what sets it apart; profiles are kept under it.</summary>
    string Name { get; }

    /// <summary>The loss, a scalar with its autograd graph.</summary>
    /// <param name="outputs">The graph's outputs, (batch, …) each, requiring gradients.</param>
    /// <param name="targets">The batch's targets, in the batch's order.</param>
    Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets);

    /// <summary>Whether backward reads the outputs; false for softmax cross-entropy, and then their bytes go before backward.</summary>
    bool ReadsOutput { get; }

    /// <summary>Whether <see cref="LossOverOutput"/> may be called for a graph with this output.</summary>
    bool MayOverwrite(Value output) => false;

    /// <summary>The loss, its gradient (times <paramref name="gradientScale"/>) written over the output, without autograd.</summary>
    double LossOverOutput(Tensor output, Tensor target, double gradientScale) => throw new NotSupportedException();

    /// <summary>
    /// The number of terms of which the loss is the mean, so that losses of parts of a batch can be put together: samples by
    /// default, the labels that count for cross-entropy.
    /// </summary>
    double Weight(IReadOnlyList<Tensor> targets) => targets.Count > 0 ? targets[0].shape[0] : 1;

    /// <summary>Null, or one line that says why a batch does not fit: label out of range, type, shape.</summary>
    /// <param name="outputs">The graph's outputs, shapes and types.</param>
    /// <param name="targets">The batch's targets.</param>
    string? Misfit(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets) => null;

    /// <summary>Made-up targets that fit, for measuring.</summary>
    /// <param name="outputs">The graph's outputs.</param>
    /// <param name="batch">Samples.</param>
    IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch);
}
