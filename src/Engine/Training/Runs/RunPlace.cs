using System.Text;
using Interactive.Collectives;
using Interactive.Monitoring;
using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>The directory of a run, the same on all ranks and held by rank 0 as long as it trains.</summary>
internal sealed class RunPlace : IDisposable
{
    private readonly RunLock? held;

    private bool hasStepped;

    private RunPlace(RunDirectory directory, RunLock? held) => (Directory, this.held) = (directory, held);

    public RunDirectory Directory { get; }

    /// <summary>A new directory, or with <see cref="TrainerOptions.Resume"/> that of the newest run of the name that is neither finished nor alive. Collective.</summary>
    /// <exception cref="UsageException">Another process goes on with that run at this moment.</exception>
    public static RunPlace Open(ICommunicator world, TrainerOptions options)
    {
        (RunDirectory Directory, RunLock Lock)? found = null;
        string? error = null;
        if (world.Rank == 0)
            try { found = (options.Resume ? Unfinished(options) : null) ?? New(options); }
            catch (UsageException e) { error = e.Message; }
        Agreement.Throw(world, error);
        var path = world.AllGather(Encoding.UTF8.GetBytes(found?.Directory.Path ?? ""))[0];
        var place = new RunPlace(found?.Directory ?? RunDirectory.Open(Encoding.UTF8.GetString(path)), found?.Lock);
        try { place.Note("start", 0, Starter(world)); }
        catch
        {
            place.Dispose();
            throw;
        }
        return place;
    }

    private static string Starter(ICommunicator world) => $"process {Environment.ProcessId} on {Environment.MachineName}, {world.Size} {(world.Size == 1 ? "rank" : "ranks")}{(Job is { } job ? $", Slurm job {job}" : "")}";

    /// <summary>Adds to the run's history; rank 0's word counts.</summary>
    public void Note(string kind, long step, string detail = "")
    {
        if (held is null) return;
        RunEvents.Add(Directory, kind, step, detail);
        RunText.Add(Directory, $"{kind}{(step > 0 ? $" at step {step}" : "")}{(detail.Length > 0 ? $": {detail}" : "")}");
    }

    /// <summary>Notes what ends the run, as far as there is room for it, and gives the error with what one needs to know to go on.</summary>
    public Exception Fail(long step, Exception error)
    {
        try { Note("fail", step, error.Message); }
        catch (IOException) { } // the error itself says that the disk is full
        if (!FullDisk.IsIn(error)) return error;
        var kept = RunCheckpoint.LastStep(Directory) is { } last ? $"its last checkpoint is of step {last}" : "it has no checkpoint yet";
        return FullDisk.Say($"{error.GetBaseException().Message.TrimEnd('.')}: the run ends after step {step}, {kept}; with room for it, --resume goes on from there", error);
    }

    /// <summary>Writes a line to the terminal and to the run's log; rank 0's word counts.</summary>
    public void Tell(string line)
    {
        if (held is null) return;
        Console.WriteLine(line);
        RunText.Add(Directory, line);
    }

    /// <summary>Notes a checkpoint that is on the disk, and for how long a step waited for it.</summary>
    public void NoteCheckpoint(long step, TimeSpan blocking) => Note("checkpoint", step, FormattableString.Invariant($"{blocking.TotalSeconds:F3} s"));

    /// <summary>Notes the first step of this process.</summary>
    public void NoteStep(long step)
    {
        if (!hasStepped) Note("first-step", step);
        hasStepped = true;
    }

    /// <summary>Marks the run as finished; rank 0's word counts.</summary>
    public void Finish(long step)
    {
        if (held is null) return;
        Note("finish", step);
        Directory.Finish();
    }

    // As its log is named: slurm-JOB.out.
    private static string? Job => Environment.GetEnvironmentVariable("SLURM_JOB_ID") is { Length: > 0 } id ? id : null;

    private static (RunDirectory, RunLock)? Unfinished(TrainerOptions options)
    {
        if (RunDirectory.NewestUnfinished(options.Out, options.Name) is not { } run) return null;
        if (RunLock.Take(run, resumes: true) is { } held) return (RunDirectory.Open(run.Path), held);
        var (name, resumes) = RunLock.Holder(run);
        if (resumes) throw new UsageException($"{run.Id} is alive: {name} goes on with it; wait for it, or give another --name");
        Console.WriteLine($"{run.Id} is alive ({name}): beginning a run of its own");
        return null;
    }

    private static (RunDirectory, RunLock) New(TrainerOptions options)
    {
        while (true)
        {
            var run = RunDirectory.Create(options.Out, options.Name);
            if (RunLock.Take(run, resumes: false) is { } held) return (run, held);
        }
    }

    public void Dispose() => held?.Dispose();
}
