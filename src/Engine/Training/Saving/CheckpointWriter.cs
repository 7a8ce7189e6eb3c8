using System.Diagnostics;
using Interactive.Monitoring;
using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>
/// Saves a run when it is due. A step waits until the system has taken the bytes, a copy in its file cache; flushing and renaming go on
/// beside the steps that follow, the best model's too, and a checkpoint is announced once it is on the disk under its name.
/// </summary>
/// <param name="state">What is saved.</param>
/// <param name="run">Where; rank 0 writes.</param>
/// <param name="every">How often.</param>
/// <param name="betweenFailures">Mean time between failures, for <see cref="CheckpointInterval.Auto"/>.</param>
/// <param name="keep">Newest checkpoints that are kept.</param>
/// <param name="announced">Hears of each checkpoint's step, path and blocking time, between two steps, on rank 0.</param>
internal sealed class CheckpointWriter(TrainingState state, RunDirectory run, CheckpointInterval every, TimeSpan betweenFailures, int keep, Action<long, string, TimeSpan> announced) : IDisposable
{
    private long lastStep = -1, lastTime = Stopwatch.GetTimestamp();
    private TimeSpan blocking = TimeSpan.FromSeconds(1); // a guess, until the first save has been measured
    private (long Step, FileDraft? Model, FileDraft? Checkpoint, Task Flush)? pending;

    /// <summary>The step is saved, or was restored.</summary>
    public void IsKept(long step) => (lastStep, lastTime) = (step, Stopwatch.GetTimestamp());

    /// <summary>Whether a save is due after a step. By time, rank 0's clock counts: the others are told.</summary>
    public bool IsDue(long step)
    {
        if (step == 0 || step == lastStep) return false;
        if (every.Steps is > 0 and var steps) return step % steps == 0;
        return Interval is { } interval && Stopwatch.GetElapsedTime(lastTime) >= interval;
    }

    private TimeSpan? Interval => every.IsAuto ? CheckpointInterval.Daly(blocking, betweenFailures) : every.Time;

    /// <summary>Saves, unless it has been done. Collective; what gathers the state and the steps' buffers comes before.</summary>
    /// <param name="position">Where the run stands.</param>
    /// <param name="gather">Makes the state whole.</param>
    /// <param name="best">Writes the model where it is the best so far, on rank 0. It is in its place before the checkpoint that knows of it.</param>
    public void Save(RunPosition position, Action gather, Func<FileDraft?>? best = null)
    {
        var isSaved = lastStep == position.Step;
        if (isSaved && best is null) return;
        Conclude(); // two at once would need twice the file cache
        FileDraft? model = best?.Invoke(), checkpoint = null;
        try
        {
            if (!isSaved) checkpoint = Draft(position, gather);
        }
        catch
        {
            model?.Dispose();
            throw;
        }
        if (model is null && checkpoint is null) return;
        pending = (position.Step, model, checkpoint, Task.Factory.StartNew(() =>
        {
            model?.Commit();
            checkpoint?.Commit();
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
    }

    private FileDraft? Draft(RunPosition position, Action gather)
    {
        var begun = Stopwatch.GetTimestamp();
        gather();
        var draft = state.Save(run, position);
        blocking = Stopwatch.GetElapsedTime(begun);
        IsKept(position.Step);
        return draft;
    }

    /// <summary>Announces what has come to the disk meanwhile; between steps.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Poll()
    {
        if (pending?.Flush.IsCompleted == true) Conclude();
    }

    /// <summary>Waits until all is on the disk, and announces it.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Conclude()
    {
        if (pending is not var (step, model, checkpoint, flush)) return;
        pending = null;
        using (model)
        using (checkpoint) flush.GetAwaiter().GetResult();
        RunCheckpoint.Prune(run, keep);
        if (checkpoint is not null) announced(step, checkpoint.Path, blocking);
    }

    /// <summary>The same where another error may end the run already.</summary>
    public void Dispose()
    {
        try { Conclude(); }
        catch (IOException) { }
    }
}
