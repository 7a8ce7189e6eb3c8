using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Mean of the squared differences of output and target, which have one shape: regression, autoencoders.
/// </summary>
public sealed class MeanSquaredError : IObjective
{
    /// <inheritdoc/>
    public string Name => "mean_squared_error";
    /// <inheritdoc/>
    public bool ReadsOutput => true;
    /// <inheritdoc/>
    public Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
        => nn.functional.mse_loss(outputs[0], targets[0]);
    /// <inheritdoc/>
    public double Weight(IReadOnlyList<Tensor> targets) => targets[0].numel();
    /// <inheritdoc/>
    public string? Misfit(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
        => Fits.SameShape("mean squared error", outputs, targets);
    /// <inheritdoc/>
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch)
        => [Fits.Random(outputs[0], batch)];
}
