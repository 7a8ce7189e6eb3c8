using System.Globalization;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Mean cross-entropy of yes-or-no answers: scores of any shape, targets of the same shape between 0 and 1. Several
/// labels a sample, a discriminator, a mask.
/// </summary>
public sealed class BinaryCrossEntropyWithLogits : IObjective
{
    private const string Words = "binary cross-entropy";

    /// <inheritdoc/>
    public string Name => "binary_cross_entropy_with_logits";
    /// <inheritdoc/>
    public bool ReadsOutput => true;
    /// <inheritdoc/>
    public Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
        => nn.functional.binary_cross_entropy_with_logits(outputs[0], targets[0]);
    /// <inheritdoc/>
    public double Weight(IReadOnlyList<Tensor> targets) => targets[0].numel();

    /// <inheritdoc/>
    public string? Misfit(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
        => Fits.SameShape(Words, outputs, targets) ?? Fits.Outside(targets[0], 0, 1, (value, sample) => $"{Words} takes targets between 0 and 1, sample {sample} has {value.ToString(CultureInfo.InvariantCulture)}");

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch)
        => [Fits.Random(outputs[0], batch)];
}
