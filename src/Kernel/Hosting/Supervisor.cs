using System.Diagnostics;
using Interactive.Collectives;
using Interactive.Kernel.Directives;
using Interactive.Kernel.Hosting.Nodes;
using Interactive.Kernel.Hosting.Slurm;
using Interactive.Monitoring;
using Interactive.Runtime;
using Interactive.Training;

namespace Interactive.Kernel.Hosting;

/// <summary>
/// Starts a job again from its last checkpoint when it was cut short, whatever took it down: a killed rank, a watchdog
/// (exit code 75), a launcher that hangs or claims success. Only the run's <c>finished</c> marker counts as the end.
/// </summary>
/// <param name="job">The command for an attempt; true from the second one on, which is to resume.</param>
/// <param name="restarts">How often to start again.</param>
/// <param name="stall">A job whose run directory does not change for so long hangs.</param>
internal sealed class Supervisor(Func<bool, ProcessStartInfo> job, int restarts, TimeSpan stall)
{
    private static readonly TimeSpan glance = TimeSpan.FromSeconds(1);

    private readonly JobProcesses processes = new();

    /// <summary>Comes when time is nearly up: the ranks save and are not started again. Null for none.</summary>
    public TimeLimitSignal? Warning { get; init; }

    /// <summary>Where the ranks write which run is theirs: a place that they share with this process.</summary>
    public string NoteFolder { get; init; } = Path.GetTempPath();

    /// <summary>True when the user asked the job to end.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>True when a step was kept that was not there before.</summary>
    public bool HasProgress { get; private set; }

    /// <returns>0 when the run finished, else the last attempt's exit code, and 1 for one that ended with 0 all the
    /// same.</returns>
    public int Run()
    {
        var (note, begun) = (Path.Combine(NoteFolder, $"interactive-job-{Guid.NewGuid():N}"),
            DateTimeOffset.Now);
        var examined = Task.CompletedTask;
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                var (code, stopped, what) = Attempt(attempt > 0, note);
                processes.KillLeft();
                IsStopped = stopped;
                HasProgress |= Directory(note) is { } path
                    && RunEvents.Read(RunDirectory.Open(path)).Any(e => e.Kind == "checkpoint" && e.Time > begun);
                if (IsFinished(note, code)) return 0;
                if (code == FullDisk.ExitCode) return Give("the disk of the run takes no more: not started again", code);
                if (code == CommandLine.Usage || stopped || Warning is { HasCome: true }) return code;
                // Is the node to blame? The ranks do not wait for the answer.
                if (examined.IsCompleted) examined = Task.Run(() => Examine(note));
                if (attempt == restarts)
                {
                    Tell(note, "fail", what);
                    return Give($"{what} before the run finished; no restart is left", code == 0 ? 1 : code);
                }
                Tell(note, "restart", $"{what}: restart {attempt + 1} of {restarts}");
                LastWords.Write($"interactive: {what} before the run finished: restart {attempt + 1} of {restarts} from the last checkpoint");
            }
        }
        finally
        {
            examined.Wait(NodeExamination.Quick);
            File.Delete(note);
        }
    }

    // Stderr may be a file on a disk that is full: Console would throw.
    private static int Give(string line, int code)
    {
        LastWords.Write($"interactive: {line}");
        return code;
    }

    private static void Examine(string note)
    {
        var node = new Node("/", NodeHistory.Open(NodeHistory.OfThis));
        var findings = NodeExamination.Of(node, isActive: false);
        foreach (var finding in findings) Tell(note, "node", $"{Environment.MachineName} {finding.Check}: {finding.Text}");
        if (findings.Count == 0) Tell(note, "node", $"{Environment.MachineName} is fit ({NodeExamination.Checks.Count} checks)");
    }

    private (int Code, bool Stopped, string What) Attempt(bool resume, string note)
    {
        var start = job(resume);
        start.Environment[RunDirectory.NoteVariable] = note;
        using var child = new ChildProcess(start, processes);
        Warning?.Then(child.Ask);
        try
        {
            var begun = DateTime.UtcNow;
            while (!child.WaitForExit(glance))
            {
                var last = LastChange(note);
                if (DateTime.UtcNow - (last > begun ? last : begun) < stall) continue;
                child.Kill();
                return (child.ExitCode, child.IsStopped, $"nothing was written for {stall.TotalSeconds:0} s");
            }
            return (child.ExitCode, child.IsStopped, $"the job ended with exit code {child.ExitCode}");
        }
        finally { Warning?.Then(null); }
    }

    // Into the run's own history; its steps are told by its other events. A full disk, which may be what took the ranks down, is no
    // reason to end with them.
    private static void Tell(string note, string kind, string what)
    {
        try { if (Directory(note) is { } path) RunEvents.Add(RunDirectory.Open(path), kind, 0, what); }
        catch (IOException) { }
    }

    private static string? Directory(string note) => File.Exists(note) ? File.ReadAllText(note) : null;

    // A script that keeps no run directory has only its exit code to show. One that was to make so many steps (--max-steps) has made them.
    private static bool IsFinished(string note, int code)
    {
        if (Directory(note) is not { } path) return code == 0;
        var run = RunDirectory.Open(path);
        return run.IsFinished || code == 0 && RunEvents.Read(run) is [.., { Kind: "stop", Detail: nameof(StopKind.Cut) }];
    }

    private static DateTime LastChange(string note)
    {
        if (Directory(note) is not { } path) return DateTime.MinValue;
        return new DirectoryInfo(path).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Select(f => f.LastWriteTimeUtc).DefaultIfEmpty(DateTime.MinValue).Max();
    }
}
