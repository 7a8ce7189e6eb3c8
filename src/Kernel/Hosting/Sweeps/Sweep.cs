using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Display;
using Interactive.Extensions.Plots;
using Interactive.Monitoring;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Sweeps;

/// <summary>
/// Trains a script again and again with other options; each trial is a run of its own.
/// </summary>
/// <param name="folder">Where the sweep keeps its definition and the trials that have ended.</param>
/// <param name="dimensions">What is tried.</param>
/// <param name="trials">The values of each trial.</param>
/// <param name="start">Starts a trial, from its run's name, its flags, and a file for the path of its run.</param>
/// <param name="runs">Where its runs are.</param>
/// <param name="atOnce">So many trials train at the same time.</param>
/// <param name="eta">Of so many trials one goes on at each rung; 0 to stop none.</param>
/// <param name="metric">What counts; null for what the runs choose their best model by.</param>
internal sealed class Sweep(string folder, IReadOnlyList<Dimension> dimensions,
    IReadOnlyList<IReadOnlyList<string>> trials, Func<string, IReadOnlyList<string>, string, ITrialProcess> start,
    string runs, int atOnce, int eta, string? metric)
{
    // A trial that is killed (by a lack of memory, by someone) goes on from its last checkpoint, so often.
    private const int Restarts = 2, Killed = 128;
    private static readonly TimeSpan glance = TimeSpan.FromMilliseconds(300);

    private readonly string file = Path.Combine(folder, "trials.jsonl");
    private readonly Lock ending = new(); // guards what has ended, and halving
    private Halving? halving;
    private volatile bool hasTrained; // the script takes these options

    /// <summary>Runs what has not been run.</summary>
    /// <param name="definition">Everything that makes this sweep another than its namesake.</param>
    /// <exception cref="UsageException">The folder holds another sweep.</exception>
    public IReadOnlyList<TrialRecord> Run(object definition)
    {
        Directory.CreateDirectory(folder);
        using var held = Hold();
        Claim(JsonSerializer.Serialize(definition, JsonSerializerOptions.Web));
        var done = TrialRecord.ReadAll(file).DistinctBy(t => t.Trial).ToList();
        foreach (var record in done)
        {
            var seen = 0;
            GoesOn(record.Values, record.HigherIsBetter, ref seen);
        }
        hasTrained = done.Exists(t => t.Run.Length > 0);
        var left = new ConcurrentQueue<int>(Enumerable.Range(0, trials.Count).Except(done.Select(t => t.Trial)));
        void Work()
        {
            while (left.TryDequeue(out var i))
                try
                {
                    if (Try(i) is { } record) End(record, done);
                    else left.Clear(); // the user asked this program to end
                }
                catch
                {
                    left.Clear(); // the others end what they have begun
                    throw;
                }
        }
        var workers = Enumerable.Range(0, Math.Min(atOnce, left.Count)).Select(_ => Task.Factory.StartNew(Work, TaskCreationOptions.LongRunning)).ToArray();
        Task.WhenAll(workers).GetAwaiter().GetResult();
        return done;
    }

    private void End(TrialRecord record, List<TrialRecord> done)
    {
        lock (ending)
        {
            record.AppendTo(file);
            done.Add(record);
        }
        hasTrained |= record.Run.Length > 0;
        Console.WriteLine($"trial {record.Trial + 1} of {trials.Count} {record.State}: {Flags(record.Trial)}{(record.Values.Count == 0 ? "" : $"  {record.Metric} {Number(record.Best)}")}");
    }

    /// <summary>Trials from the best to the worst.</summary>
    public static Table Ranking(IReadOnlyList<TrialRecord> done)
    {
        var flags = done.SelectMany(t => t.Set.Keys).Distinct().ToList();
        var sorted = done.OrderBy(t => double.IsNaN(t.Best)).ThenBy(t => t.HigherIsBetter ? -t.Best : t.Best);
        return new(["trial", .. flags, done.FirstOrDefault(t => t.Values.Count > 0)?.Metric ?? "metric", "evaluations",
            "state", "run"], [.. sorted.Select(t => (IReadOnlyList<string>)
            [(t.Trial + 1).ToString(CultureInfo.InvariantCulture), .. flags.Select(f => t.Set.GetValueOrDefault(f, "")),
                t.Values.Count == 0 ? "" : Number(t.Best), t.Values.Count.ToString(CultureInfo.InvariantCulture),
                t.State, t.Run])]);
    }

    // Given back by the system however this process ends.
    private FileStream Hold()
    {
        try { return new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None); }
        catch (IOException e) when (!FullDisk.IsIn(e)) { throw new UsageException($"{folder} is alive: another process goes on with this sweep; wait for it, or give another --name"); }
    }

    private void Claim(string definition)
    {
        var path = Path.Combine(folder, "sweep.json");
        if (!File.Exists(path))
        {
            // They would count as this one's trials, whatever they were trained with.
            var name = Path.GetFileName(folder);
            if (RunDirectory.All(runs).FirstOrDefault(r => r.Name.StartsWith($"{name}-", StringComparison.Ordinal) && int.TryParse(r.Name.AsSpan(name.Length + 1), NumberStyles.None, null, out _)) is { } old)
                throw new UsageException($"{runs} holds runs of an earlier sweep of this name, such as {old.Id}: give this one a --name of its own, or delete them");
            AtomicFile.WriteText(path, definition);
        }
        else if (File.ReadAllText(path) is var other && other != definition)
            throw new UsageException($"{folder} holds another sweep ({other}): give this one a --name of its own");
    }

    // Halving sees what a trial has measured once, up to where it stops it: whether that was looked at while it trained, when it
    // had ended, or by another start of the sweep, later trials are judged alike.
    private bool GoesOn(IReadOnlyList<double> values, bool higherIsBetter, ref int seen)
    {
        lock (ending)
            while (eta > 0 && seen < values.Count)
                if (!(halving ??= new Halving(eta, higherIsBetter)).GoesOn(seen + 1, values[seen++])) return false;
        return true;
    }

    private TrialRecord? Try(int trial)
    {
        var (name, seen) = ($"{Path.GetFileName(folder)}-{trial + 1:D3}", 0);
        // One that finished just before this was cut is not run again.
        if (RunDirectory.All(runs).FirstOrDefault(r => r.IsFinished && r.Name == name) is { } finished
            && Of(finished.Path) is { } kept) return Record("finished", kept);
        var note = Path.Combine(Path.GetTempPath(), $"interactive-trial-{Guid.NewGuid():N}");
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                var (code, isStopped, isInterrupted) = Attempt(trial, name, note, ref seen);
                var read = Read(note, name);
                if (read is { } ran && !ran.Measured.Contains(ran.Metric))
                    throw new UsageException($"--metric {ran.Metric}: the runs measure {string.Join(", ", ran.Measured.Prepend("loss"))}");
                if (read is { IsFinished: true }) code = 0;
                else if (isInterrupted) return null;
                if (code == FullDisk.ExitCode) throw FullDisk.Say($"trial {trial + 1} had no room for its run: the sweep goes on with it when it is started again");
                if (code > Killed && !isStopped && attempt < Restarts) continue;
                var state = isStopped ? "stopped" : code == 0 ? "finished" : "failed";
                if (code == CommandLine.Usage && !hasTrained)
                    throw new UsageException($"the first trial was refused ({Flags(trial)}): see the line above");
                return Record(state, read);
            }
        }
        finally { File.Delete(note); }

        TrialRecord Record(string state, TrialRun? run)
        {
            if (state != "stopped" && run is not null) GoesOn(run.Values, run.HigherIsBetter, ref seen);
            return new(trial, state, run?.Run ?? "",
                dimensions.Zip(trials[trial]).ToDictionary(p => p.First.Flag, p => p.Second), run?.Metric ?? "",
                run?.Values ?? [], run?.HigherIsBetter ?? true);
        }
    }

    private (int Code, bool IsStopped, bool IsInterrupted) Attempt(int trial, string name, string note, ref int seen)
    {
        using var child = start(name, [.. dimensions.Zip(trials[trial]).SelectMany(p => p.First.Arguments(p.Second))], note);
        var isStopped = false;
        while (!child.WaitForExit(glance))
        {
            if (isStopped || eta == 0 || Read(note, name) is not { } live || GoesOn(live.Values, live.HigherIsBetter, ref seen)) continue;
            isStopped = true;
            child.Ask();
        }
        return (child.ExitCode, isStopped, child.IsInterrupted);
    }

    // A job of a cluster knows nothing of the note.
    private TrialRun? Read(string note, string name)
        => File.Exists(note) ? Of(File.ReadAllText(note))
        : RunDirectory.All(runs).LastOrDefault(r => r.Name == name) is { } run ? Of(run.Path) : null;

    private TrialRun? Of(string path)
    {
        RunMetrics run;
        try { run = RunMetrics.Read(path); }
        catch (Exception e) when (e is UsageException or IOException) { return null; } // not yet
        var best = run.Config.TryGetProperty("bestBy", out var by) ? by.ToString() : "loss";
        var higher = run.Config.TryGetProperty("higherIsBetter", out var value)
            && value.ValueKind == JsonValueKind.True;
        var counts = metric ?? best;
        return new(run.Name, counts, [.. run.Evaluations.Select(e => e[counts])],
            counts == best ? higher : counts != "loss" && !IsLess(run.Config, counts), run.IsFinished,
            run.Evaluations is [var first, ..] && counts != "loss" ? [.. first.Metrics.Keys] : [counts]);
    }

    // An error or a perplexity beside the metric that picks the best model.
    private static bool IsLess(JsonElement config, string metric)
        => config.TryGetProperty("lowerIsBetter", out var names) && names.ValueKind == JsonValueKind.Array
        && names.EnumerateArray().Any(name => name.ValueKind == JsonValueKind.String && name.ValueEquals(metric));

    private sealed record TrialRun(string Run, string Metric, IReadOnlyList<double> Values, bool HigherIsBetter,
        bool IsFinished, IReadOnlyList<string> Measured);

    private string Flags(int trial)
        => string.Join(" ", dimensions.Zip(trials[trial]).SelectMany(p => p.First.Arguments(p.Second)));

    private static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
