using System.Runtime.InteropServices;
using Interactive.Kernel.Hosting.Slurm;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Sweeps;

/// <summary>
/// A trial as a job of Slurm. Its number is kept in a file: a sweep that goes on watches the jobs that its last start has
/// submitted, and submits none twice. When this program is told to end, they go on.
/// </summary>
internal sealed class SlurmTrial : ITrialProcess
{
    // What a controller is asked; a trial takes minutes or days.
    private static readonly TimeSpan glance = TimeSpan.FromSeconds(2);

    private readonly string file;
    private readonly SubmittedJob job;
    private readonly PosixSignalRegistration[] told;
    private volatile bool isInterrupted, isAsked;
    private bool isHeld;

    /// <param name="file">Holds the job's number while it is not known to have ended.</param>
    /// <param name="batch">What is submitted where there is none.</param>
    public SlurmTrial(string file, BatchScript batch)
    {
        this.file = file;
        told = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(signal => PosixSignalRegistration.Create(signal, context => isInterrupted = context.Cancel = true))];
        if (File.Exists(file) && new SubmittedJob(File.ReadAllText(file)) is var before && before.Look() is not { Phase: JobPhase.Forgotten })
            job = before;
        else
        {
            job = SubmittedJob.Submit(batch);
            AtomicFile.WriteText(file, job.Id);
        }
        Console.WriteLine($"{batch.Name} is job {job.Id}");
    }

    public bool IsInterrupted => isInterrupted;

    public int ExitCode { get; private set; }

    public bool WaitForExit(TimeSpan time)
    {
        for (var until = DateTime.UtcNow + (time > glance ? time : glance); DateTime.UtcNow < until; Thread.Sleep(100))
            if (isInterrupted)
            {
                Console.Error.WriteLine($"interactive: job {job.Id} goes on: the same command watches it again, and interactive slurm cancel {job.Id} ends it");
                return true;
            }
        if (job.Look() is not { } standing) return false; // the controller does not answer
        if (standing.Phase == JobPhase.Held && !isHeld)
            Console.Error.WriteLine($"interactive: job {job.Id} is held{(standing.Why.Length > 0 ? $" ({standing.Why})" : "")}: scontrol release {job.Id} lets it go on, interactive slurm cancel {job.Id} ends it");
        isHeld = standing.Phase == JobPhase.Held;
        if (standing.Phase is not (JobPhase.Ended or JobPhase.Forgotten)) return false;
        ExitCode = standing switch
        {
            { Phase: JobPhase.Forgotten } => SubmittedJob.Killed, // unless its run is finished it is submitted again
            { Exit: SubmittedJob.Cancelled } when !isAsked => 1, // whoever cancels a job does not want it again
            _ => standing.Exit,
        };
        File.Delete(file);
        return true;
    }

    public void Ask()
    {
        isAsked = true;
        job.Cancel();
    }

    public void Dispose()
    {
        foreach (var registration in told) registration.Dispose();
    }
}
