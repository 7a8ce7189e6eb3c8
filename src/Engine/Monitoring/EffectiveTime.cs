using System.Text.Json;

namespace Interactive.Monitoring;

/// <summary>
/// How much of a run's time went into steps that were kept: the effective training time ratio (ETTR). What is not in it
/// is starting, saving, evaluating, waiting for a restart, and steps that were made again after a failure.
/// </summary>
/// <param name="StepSeconds">Time of the steps that count.</param>
/// <param name="WallSeconds">From the first start to the last event or step.</param>
/// <param name="Starts">How often the run began or went on.</param>
/// <param name="Failures">How often it failed or was started again by a supervisor.</param>
public sealed record EffectiveTime(double StepSeconds, double WallSeconds, int Starts, int Failures)
{
    /// <summary>The ratio, 0 to 1; not a number before the first step.</summary>
    public double Ratio => WallSeconds > 0 ? Math.Min(1, StepSeconds / WallSeconds) : double.NaN;

    /// <summary>Reads a run's events and the seconds of its steps; null for a run without events.</summary>
    public static EffectiveTime? Of(RunDirectory run) => Of(RunEvents.Read(run), Steps(run));

    /// <summary>
    /// The same of what has been read already: a run's events, and its steps in order with their seconds.
    /// </summary>
    public static EffectiveTime? Of(IReadOnlyList<RunEvent> events, IEnumerable<(long Step, double Seconds)> kept)
    {
        if (events.Count == 0) return null;
        double steps = 0, sinceStart = 0;
        var last = events.LastOrDefault(e => e.Kind == "first-step");
        foreach (var (step, seconds) in kept)
        {
            steps += seconds;
            if (step > last?.Step) sinceStart += seconds;
        }
        // A run that is alive, or was killed, has made steps after its last event.
        var after = RunEvents.Seconds(events);
        var lastStart = Math.Max(0, events.Select(e => e.Kind).ToList().LastIndexOf("first-step"));
        var wall = Math.Max(after[^1], after[lastStart] + sinceStart);
        return new(steps, wall, events.Count(e => e.Kind == "start"), events.Count(e => e.Kind is "fail" or "restart"));
    }

    private static IEnumerable<(long Step, double Seconds)> Steps(RunDirectory run)
    {
        if (!File.Exists(run.Metrics)) yield break;
        foreach (var line in File.ReadLines(run.Metrics))
        {
            JsonDocument document;
            try { document = JsonDocument.Parse(line); }
            catch (JsonException) { continue; }
            using (document)
                if (document.RootElement is { ValueKind: JsonValueKind.Object } record
                    && record.TryGetProperty("seconds", out var seconds) && seconds.ValueKind == JsonValueKind.Number
                    && seconds.TryGetDouble(out var value)
                    && record.TryGetProperty("step", out var step) && step.ValueKind == JsonValueKind.Number
                    && step.TryGetInt64(out var number)) yield return (number, value);
        }
    }
}
