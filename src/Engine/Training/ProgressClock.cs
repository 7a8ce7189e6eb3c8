using System.Globalization;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Tells how far a run is and how long it still takes. Begins with its making, right before the first step.
/// </summary>
/// <param name="trainer">The run.</param>
/// <param name="time">Its clock; default the system's.</param>
public sealed class ProgressClock(Trainer trainer, TimeProvider? time = null)
{
    private readonly TimeProvider time = time ?? TimeProvider.System;
    private readonly long started = (time ?? TimeProvider.System).GetTimestamp(), firstStep = trainer.Step;

    /// <summary>Time since the first step.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(started);
    /// <summary>Mean seconds of a step with all that comes between steps.</summary>
    public double SecondsPerStep => Elapsed.TotalSeconds / Math.Max(1, trainer.Step - firstStep);
    /// <summary>Estimated time to the end.</summary>
    public TimeSpan Remaining => TimeSpan.FromSeconds(SecondsPerStep * (trainer.TotalSteps - trainer.Step));

    /// <summary>The step's number in its epoch, from 1.</summary>
    public long StepInEpoch(TrainRecord record) => (record.Step - 1) % trainer.StepsPerEpoch + 1;

    /// <summary>Loss, speed, memory and remaining time in one line.</summary>
    public string Describe(TrainRecord record) => string.Create(CultureInfo.InvariantCulture,
        $"loss {record.Loss:F4}  {SecondsPerStep * 1000:F0} ms/iter  {record.SamplesPerSecond:F0} samples/s  peak {record.PeakBytes / 1048576.0:F0} MiB  ETA {Remaining:m\\:ss}");
}
