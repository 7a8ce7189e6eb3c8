using System.Text.Json;

namespace Interactive.Monitoring;

/// <summary>Something that happened to a run, a line of its <c>history.jsonl</c>.</summary>
/// <param name="Kind">start, first-step, checkpoint, slow, stop, fail, restart or finish.</param>
/// <param name="Step">Steps made by then.</param>
/// <param name="Time">By the wall clock.</param>
/// <param name="Uptime">Seconds that the machine had been up: unlike the wall clock, nobody sets it.</param>
/// <param name="Boot">Which start of which machine <paramref name="Uptime"/> counts from.</param>
/// <param name="Detail">For people: who, why, how long.</param>
public sealed record RunEvent(string Kind, long Step, DateTimeOffset Time, double Uptime, string Boot, string Detail)
{
    /// <summary>Seconds from an earlier event to this one, by the uptime where both are of one start of one machine.</summary>
    public double SecondsSince(RunEvent earlier) => Boot.Length > 0 && Boot == earlier.Boot ? Uptime - earlier.Uptime : (Time - earlier.Time).TotalSeconds;
}

/// <summary>A run's history over all its starts: unlike its metrics, nothing is ever cut from it.</summary>
public static class RunEvents
{
    internal const string File = "history.jsonl"; // in the run directory

    private static readonly JsonSerializerOptions json = new(RunLog.Json) { WriteIndented = false };
    private static readonly string boot = System.IO.File.Exists("/proc/sys/kernel/random/boot_id") ? System.IO.File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() : "";

    /// <summary>Adds an event of this moment; the file is on the disk when this returns.</summary>
    public static void Add(RunDirectory run, string kind, long step, string detail = "")
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(new RunEvent(kind, step, DateTimeOffset.Now, Environment.TickCount64 / 1000.0, boot, detail), json);
        LineFile.Add(PathOf(run), line, toDisk: true); // a supervisor writes here too
    }

    /// <summary>What happened, in order; lines that are no events do not count.</summary>
    public static IReadOnlyList<RunEvent> Read(RunDirectory run)
    {
        var events = new List<RunEvent>();
        if (!System.IO.File.Exists(PathOf(run))) return events;
        foreach (var line in System.IO.File.ReadLines(PathOf(run)))
            try
            {
                if (JsonSerializer.Deserialize<RunEvent>(line, json) is { Kind: not null, Boot: not null } read) events.Add(read with { Detail = read.Detail ?? "" });
            }
            catch (JsonException) { } // cut while it was written
        return events;
    }

    /// <summary>
    /// Seconds from the first event to each. Between two starts of a machine the wall clock counts; where it was set back, no time has passed.
    /// </summary>
    internal static double[] Seconds(IReadOnlyList<RunEvent> events)
    {
        var seconds = new double[events.Count];
        for (var i = 1; i < seconds.Length; i++) seconds[i] = seconds[i - 1] + Math.Max(0, events[i].SecondsSince(events[i - 1]));
        return seconds;
    }

    private static string PathOf(RunDirectory run) => Path.Combine(run.Path, File);
}
