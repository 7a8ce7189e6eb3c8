using System.Diagnostics.Metrics;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Hands a run's numbers to .NET's metrics, where dotnet-counters, OpenTelemetry and Prometheus find them: the meter
/// <c>Interactive</c>. Every rank of a run has one. Where nobody listens, a step costs a few tests of a flag.
/// </summary>
internal sealed class MeterLog(string run, int rank) : IRunLog
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Interactive";

    private static readonly Meter meter = new(MeterName);
    private static readonly Histogram<double> seconds = meter.CreateHistogram("interactive.step", "s", "Time of a step, waiting for its batch included", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100] });
    private static readonly Counter<double> dataWait = meter.CreateCounter<double>("interactive.data_wait", "s", "Time in which steps waited for their batches");
    private static readonly Counter<double> communicationWait = meter.CreateCounter<double>("interactive.communication_wait", "s", "Time in which steps waited for other ranks, or for what they send");
    private static readonly Gauge<double> relativeSpeed = meter.CreateGauge<double>("interactive.relative_speed", null, "Own time of a step on the fastest rank over that on this one, 0 to 1");
    private static readonly Counter<double> samples = meter.CreateCounter<double>("interactive.samples", "{sample}", "Samples trained, over all ranks");
    private static readonly Counter<long> notFinite = meter.CreateCounter<long>("interactive.nonfinite", "{step}", "Steps whose loss was no number");
    private static readonly Gauge<long> step = meter.CreateGauge<long>("interactive.last_step", "{step}", "The last step that was made");
    private static readonly Gauge<double> loss = meter.CreateGauge<double>("interactive.loss", null, "Training loss of the last step");
    private static readonly Gauge<double> rate = meter.CreateGauge<double>("interactive.learning_rate", null, "Learning rate of the last step");
    private static readonly Gauge<double> norm = meter.CreateGauge<double>("interactive.gradient_norm", null, "Norm of all gradients before clipping");
    private static readonly Gauge<long> peak = meter.CreateGauge<long>("interactive.tensor_peak", "By", "Peak of the bytes in tensors on this rank");
    private static readonly Gauge<double> evaluation = meter.CreateGauge<double>("interactive.evaluation", null, "A metric of the last evaluation");

    private readonly KeyValuePair<string, object?> runTag = new("run", run), rankTag = new("rank", rank);

    /// <summary>How fast a rank is beside the fastest, 0 to 1.</summary>
    public static void NoteSpeed(string run, int rank, double share) => relativeSpeed.Record(share, new KeyValuePair<string, object?>("run", run), new("rank", rank));

    /// <inheritdoc/>
    public void Write(TrainRecord record)
    {
        seconds.Record(record.Seconds, runTag, rankTag);
        peak.Record(record.PeakBytes, runTag, rankTag);
        dataWait.Add(record.DataSeconds, runTag, rankTag);
        communicationWait.Add(record.CommunicationSeconds, runTag, rankTag);
        if (rank != 0) return; // the others would tell the same
        samples.Add(Math.Round(record.SamplesPerSecond * record.Seconds), runTag);
        notFinite.Add(double.IsFinite(record.Loss) ? 0 : 1, runTag);
        step.Record(record.Step, runTag);
        loss.Record(record.Loss, runTag);
        rate.Record(record.LearningRate, runTag);
        if (record.GradientNorm is { } measured) norm.Record(measured, runTag);
    }

    /// <inheritdoc/>
    public void Write(EvalRecord record)
    {
        if (rank != 0) return;
        evaluation.Record(record.Loss, runTag, new("metric", "loss"));
        foreach (var (name, value) in record.Metrics) evaluation.Record(value, runTag, new("metric", name));
    }

    /// <summary>Nothing: what was counted stays counted.</summary>
    public void Dispose() { }
}
