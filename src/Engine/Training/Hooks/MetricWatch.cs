using System.Globalization;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>Follows a metric over evaluations: its best value, and how many evaluations have not bettered it.</summary>
internal sealed class MetricWatch(string metric, double leastChange)
{
    /// <summary>The best value so far; not a number before the first.</summary>
    public double Best { get; private set; } = double.NaN;
    /// <summary>Evaluations since then.</summary>
    public int Waited { get; private set; }

    /// <summary>Takes note of an evaluation.</summary>
    /// <exception cref="UsageException">It has no such metric.</exception>
    public void Add(Trainer trainer, EvalRecord record)
    {
        var value = record[metric];
        var sign = trainer.HigherIsBetter(metric) ? 1 : -1;
        if (!double.IsNaN(value) && (double.IsNaN(Best) || sign * (value - Best) > leastChange)) (Best, Waited) = (value, 0);
        else Waited++;
    }

    /// <summary>Texts for a checkpoint.</summary>
    public IReadOnlyDictionary<string, string> Save() => new Dictionary<string, string>
    {
        ["best"] = Best.ToString("R", CultureInfo.InvariantCulture),
        ["waited"] = Waited.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Takes them back.</summary>
    public void Restore(IReadOnlyDictionary<string, string> saved)
        => (Best, Waited) = (double.Parse(saved["best"], CultureInfo.InvariantCulture),
        int.Parse(saved["waited"], CultureInfo.InvariantCulture));
}
