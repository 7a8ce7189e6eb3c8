using System.Globalization;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Half the squared difference up to <paramref name="delta"/>, linear beyond (Huber 1964), meaned: regression with
/// outliers.
/// </summary>
/// <param name="delta">Where it becomes linear; default 1.</param>
/// <exception cref="UsageException">It is not more than 0.</exception>
public sealed class HuberLoss(double delta = 1) : IObjective
{
    private readonly double delta = delta > 0 ? delta : throw new UsageException($"the Huber loss takes a delta of more than 0, got {delta.ToString(CultureInfo.InvariantCulture)}");

    /// <inheritdoc/>
    public string Name => "huber";
    /// <inheritdoc/>
    public bool ReadsOutput => true;
    /// <inheritdoc/>
    public Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
        => nn.functional.huber_loss(outputs[0], targets[0], delta);
    /// <inheritdoc/>
    public double Weight(IReadOnlyList<Tensor> targets) => targets[0].numel();
    /// <inheritdoc/>
    public string? Misfit(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
        => Fits.SameShape("the Huber loss", outputs, targets);
    /// <inheritdoc/>
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch)
        => [Fits.Random(outputs[0], batch)];
}
