using System.Globalization;
using System.Text.Json.Serialization;

namespace Interactive.Monitoring;

/// <summary>
/// Numbers of one evaluation, as a line of <c>metrics.jsonl</c>, where each metric is a field of its name.
/// </summary>
/// <param name="Step">Steps made.</param>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Loss">What the run minimises.</param>
/// <param name="Metrics">The others by name, such as <c>accuracy</c>.</param>
[JsonConverter(typeof(EvalRecordJson))]
public sealed record EvalRecord(long Step, int Epoch, double Loss, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>One whose only metric is the share of right answers, 0 to 1.</summary>
    public EvalRecord(long step, int epoch, double loss, double accuracy)
        : this(step, epoch, loss, new Dictionary<string, double> { ["accuracy"] = accuracy }) { }

    /// <summary>Tells the lines of the file apart.</summary>
    public string Kind => "eval";

    /// <summary>The share of right answers, 0 to 1; not a number where it was not measured.</summary>
    public double Accuracy => this["accuracy"];

    /// <summary>A metric by its name, <c>loss</c> among them; not a number where it was not measured.</summary>
    public double this[string metric] => metric == "loss" ? Loss : Metrics.GetValueOrDefault(metric, double.NaN);

    /// <summary>The same numbers under the same names.</summary>
    public bool Equals(EvalRecord? other)
        => other is not null && (Step, Epoch, Loss) == (other.Step, other.Epoch, other.Loss)
        && Metrics.Count == other.Metrics.Count
        && Metrics.All(m => other.Metrics.TryGetValue(m.Key, out var value) && value.Equals(m.Value));

    /// <summary>As a person reads it: <c>step 120, epoch 2: loss 0.4131, accuracy 0.8490</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"step {Step}, epoch {Epoch}: loss {Loss:G4}")
        + string.Concat(Metrics.Select(m => string.Create(CultureInfo.InvariantCulture, $", {m.Key} {m.Value:G4}")));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Step, Epoch, Loss);
}
