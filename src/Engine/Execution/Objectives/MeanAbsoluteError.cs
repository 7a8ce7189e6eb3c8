using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Mean of the absolute differences of output and target, which have one shape.</summary>
public sealed class MeanAbsoluteError : IObjective
{
    /// <inheritdoc/>
    public string Name => "mean_absolute_error";
    /// <inheritdoc/>
    public bool ReadsOutput => true;
    /// <inheritdoc/>
    public Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
        => nn.functional.l1_loss(outputs[0], targets[0]);
    /// <inheritdoc/>
    public double Weight(IReadOnlyList<Tensor> targets) => targets[0].numel();
    /// <inheritdoc/>
    public string? Misfit(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
        => Fits.SameShape("mean absolute error", outputs, targets);
    /// <inheritdoc/>
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch)
        => [Fits.Random(outputs[0], batch)];
}
