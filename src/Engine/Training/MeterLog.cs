using System.Diagnostics.Metrics;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Hands a run's numbers to .NET's metrics, where dotnet-counters and OpenTelemetry find them: the meter <c>Interactive.Training</c>
/// with <c>training.loss</c>, <c>training.steps</c>, <c>training.samples_per_second</c> and <c>evaluation.NAME</c>.
/// </summary>
public sealed class MeterLog : IRunLog
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Interactive.Training";

    private readonly Meter meter = new(MeterName);
    private readonly Gauge<double> loss, speed;
    private readonly Counter<long> steps;
    private readonly Dictionary<string, Gauge<double>> evaluations = [];

    /// <summary>Creates the meter.</summary>
    public MeterLog()
    {
        loss = meter.CreateGauge<double>("training.loss");
        speed = meter.CreateGauge<double>("training.samples_per_second", "{sample}/s");
        steps = meter.CreateCounter<long>("training.steps", "{step}");
    }

    /// <inheritdoc/>
    public void Write(TrainRecord record)
    {
        loss.Record(record.Loss);
        speed.Record(record.SamplesPerSecond);
        steps.Add(1);
    }

    /// <inheritdoc/>
    public void Write(EvalRecord record)
    {
        foreach (var (name, value) in record.Metrics.Prepend(KeyValuePair.Create("loss", record.Loss)))
        {
            if (!evaluations.TryGetValue(name, out var gauge)) evaluations[name] = gauge = meter.CreateGauge<double>($"evaluation.{name}");
            gauge.Record(value);
        }
    }

    /// <summary>Ends the meter.</summary>
    public void Dispose() => meter.Dispose();
}
