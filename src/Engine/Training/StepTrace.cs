using System.Diagnostics;
using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Writes a rank's timeline of a run: forward and backward, the optimiser, and every collective operation with its
/// thread.
/// </summary>
internal sealed class StepTrace : IDisposable
{
    private readonly FlightRecorder? recorder;
    private readonly ChromeTrace trace;
    private Executor? executor;
    private int lastStep;
    private long started;

    /// <summary>Collective: all ranks count from the same moment.</summary>
    public StepTrace(ICommunicator world, RunDirectory run)
    {
        recorder = (world as Communicator)?.Recorder;
        world.Barrier();
        trace = new ChromeTrace(PathOf(run.Path, world.Rank), world.Rank, Stopwatch.GetTimestamp());
        if (recorder is not null) recorder.Finished += Communicated;
    }

    /// <summary>Follows an executor's steps, and no longer the one before.</summary>
    public void Follow(Executor next)
    {
        Leave();
        executor = next;
        lastStep = executor.Schedule.Steps.Count - 1;
        executor.StepBegins += Begin;
        executor.StepEnds += End;
    }

    private void Leave()
    {
        if (executor is null) return;
        executor.StepBegins -= Begin;
        executor.StepEnds -= End;
    }

    /// <summary>The file of a rank in a run directory.</summary>
    public static string PathOf(string runDirectory, int rank) => Path.Combine(runDirectory, $"trace-rank{rank}.json");

    /// <summary>Notes work of the main thread that began at a timestamp and ends now.</summary>
    public void Note(string name, long from) => trace.Span(name, "compute", "main", from, Stopwatch.GetTimestamp());

    private void Begin(int step)
    {
        if (step == 0) started = Stopwatch.GetTimestamp();
    }

    private void End(int step)
    {
        if (step != Executor.LossStep && step != lastStep) return;
        Note(step == lastStep ? "backward" : "forward", started);
        started = Stopwatch.GetTimestamp();
    }

    private void Communicated(FlightRecorder.Entry entry)
        => trace.Span(entry.Name == "" ? entry.Operation : $"{entry.Operation} {entry.Name}", "communication",
        Thread.CurrentThread.Name == OverlappedReducer.ThreadName ? OverlappedReducer.ThreadName : "main",
            entry.Started, entry.Finished!.Value, entry.Count < 0 ? -1 : entry.Count * sizeof(float));

    /// <inheritdoc/>
    public void Dispose()
    {
        Leave();
        if (recorder is not null) recorder.Finished -= Communicated;
        trace.Dispose();
    }
}
