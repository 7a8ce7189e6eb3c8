using System.Globalization;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// How far the softmax of the scores is from given distributions, in nats, meaned over samples (or tokens): scores
/// (batch, classes) or (batch, tokens, classes), targets of the same shape, each row a distribution. Distillation takes
/// a teacher's (Hinton et al. 2015).
/// </summary>
/// <param name="temperature">Divides the scores before the softmax, and its square multiplies the loss; default 1. The
/// targets are taken as they are.</param>
/// <exception cref="UsageException">The temperature is not more than 0.</exception>
public sealed class KullbackLeibler(double temperature = 1) : IObjective
{
    private const string Words = "Kullback-Leibler divergence";
    private readonly double temperature = temperature > 0 ? temperature : throw new UsageException($"a temperature must be more than 0, got {temperature.ToString(CultureInfo.InvariantCulture)}");

    /// <inheritdoc/>
    public string Name => "kullback_leibler";
    /// <inheritdoc/>
    public bool ReadsOutput => false;

    /// <inheritdoc/>
    public Tensor Loss(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var rows = outputs[0].reshape(-1, outputs[0].shape[^1]);
        if (temperature != 1) rows = rows / temperature;
        var loss = nn.functional.kl_div(nn.functional.log_softmax(rows, 1), targets[0].reshape(rows.shape),
            log_target: false, reduction: nn.Reduction.Sum) * (temperature * temperature / rows.shape[0]);
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>Samples, or tokens.</summary>
    public double Weight(IReadOnlyList<Tensor> targets) => targets[0].numel() / targets[0].shape[^1];

    /// <inheritdoc/>
    public string? Misfit(IReadOnlyList<Value> outputs, IReadOnlyList<Tensor> targets)
        => Fits.SameShape(Words, outputs, targets)
            ?? Fits.Outside(targets[0], 0, 1,
            (value, sample)
            => $"{Words} takes distributions, sample {sample} has {value.ToString(CultureInfo.InvariantCulture)}");

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> SyntheticTargets(IReadOnlyList<Value> outputs, long batch)
    {
        using var scores = Fits.Random(outputs[0], batch);
        return [nn.functional.softmax(scores, -1)];
    }
}
