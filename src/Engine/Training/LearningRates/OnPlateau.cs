using System.Globalization;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// A learning rate that falls when a metric stops getting better, with the numbers of <c>ReduceLROnPlateau</c>. It is a
/// hook that hears the evaluations, and its <see cref="At"/> is the trainer's learning rate.
/// </summary>
/// <param name="peak">The rate at first.</param>
/// <param name="factor">What it is multiplied by, in (0, 1); default 0.1.</param>
/// <param name="patience">Evaluations without getting better that are borne; default 10.</param>
/// <param name="threshold">By how much a metric must be better than the best to count, as a share of it; default
/// 1e-4.</param>
/// <param name="cooldown">Evaluations after a fall that are not counted; default 0.</param>
/// <param name="least">The lowest rate; default 0.</param>
/// <param name="warmUp">Share of the run that rises linearly to the peak; default 0.</param>
/// <param name="higherIsBetter">The metric is an accuracy and not a loss; default false.</param>
/// <param name="metric">Which number of an evaluation; default its loss.</param>
/// <exception cref="UsageException">The factor is not in (0, 1).</exception>
public sealed class OnPlateau(double peak, double factor = 0.1, int patience = 10, double threshold = 1e-4,
    int cooldown = 0, double least = 0, double warmUp = 0,
    bool higherIsBetter = false, Func<EvalRecord, double>? metric = null) : Hook, IRunState
{
    private const double LeastFall = 1e-8; // of the original: a smaller change of the rate is none

    private readonly double factor = factor is > 0 and < 1 ? factor
        : throw new UsageException(FormattableString.Invariant($"a plateau's factor must be in (0, 1), got {factor}"));
    private double best = higherIsBetter ? double.NegativeInfinity : double.PositiveInfinity;
    private int bad, cooling;

    /// <summary>The rate now.</summary>
    public double Rate { get; private set; } = peak;

    /// <summary>The learning rate of a step; a <see cref="LearningRate"/>.</summary>
    public double At(long step, long total)
    {
        var warm = (long)Schedules.StepsOf(warmUp, total);
        return step < warm ? Rate * (step + 1) / (warm + 1) : Rate;
    }

    /// <summary>Hears a value of the metric, and lowers the rate when it is time.</summary>
    public void Observe(double value)
    {
        if (higherIsBetter ? value > best * (1 + threshold) : value < best * (1 - threshold)) (best, bad) = (value, 0);
        else bad++;
        if (cooling > 0) (cooling, bad) = (cooling - 1, 0);
        if (bad <= patience) return;
        var lower = Math.Max(Rate * factor, least);
        if (Rate - lower > LeastFall) Rate = lower;
        (cooling, bad) = (cooldown, 0);
    }

    /// <inheritdoc/>
    public override void AfterEvaluation(Trainer trainer, EvalRecord record)
        => Observe((metric ?? (r => r.Loss))(record));

    string IRunState.Name => "plateau";

    IReadOnlyDictionary<string, string> IRunState.Save() => new Dictionary<string, string>
    {
        ["rate"] = Rate.ToString("R", CultureInfo.InvariantCulture),
        ["best"] = best.ToString("R", CultureInfo.InvariantCulture),
        ["bad"] = bad.ToString(CultureInfo.InvariantCulture),
        ["cooling"] = cooling.ToString(CultureInfo.InvariantCulture),
    };

    void IRunState.Restore(IReadOnlyDictionary<string, string> saved)
    {
        (Rate, best) = (double.Parse(saved["rate"], CultureInfo.InvariantCulture),
            double.Parse(saved["best"], CultureInfo.InvariantCulture));
        (bad, cooling) = (int.Parse(saved["bad"], CultureInfo.InvariantCulture),
            int.Parse(saved["cooling"], CultureInfo.InvariantCulture));
    }
}
