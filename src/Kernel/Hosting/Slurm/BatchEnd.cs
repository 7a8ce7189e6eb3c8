using Interactive.Collectives;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Slurm;

/// <summary>What becomes of a Slurm job whose ranks have ended.</summary>
internal sealed class BatchEnd(SlurmJob job, int maxRequeues)
{
    /// <summary>A job that is to go on elsewhere or later.</summary>
    public const int GoesOn = 99;

    private const int BadInput = 2;

    /// <param name="code">Of the ranks; 0 when the run is finished.</param>
    /// <param name="isTimeUp">Whether the warning of the time limit came.</param>
    /// <param name="isStopped">Whether the user asked the job to end.</param>
    /// <param name="hasProgress">Whether a step was kept that was not there before.</param>
    /// <returns>The job's exit code.</returns>
    public int Decide(int code, bool isTimeUp, bool isStopped, bool hasProgress)
    {
        if (code is 0 or BadInput) return code;
        // Slurm requeues by itself only what it has to kill: a job that ends before has failed, to it.
        if (job.IsPreempted) return Requeue("it is preempted; its run is saved", int.MaxValue);
        if (code == FullDisk.ExitCode) return Hold("ended because the disk of its run takes no more", code);
        if (isTimeUp) return Requeue("its time is up; the run is saved", maxRequeues);
        if (isStopped) return code; // scancel
        if (hasProgress) return Requeue($"the ranks ended with exit code {code}", maxRequeues);
        return Hold($"ended with exit code {code} and without a new step", code);
    }

    private int Hold(string reason, int code)
    {
        LastWords.Write($"interactive: job {job.Id} {reason}: held until someone has looked (scontrol release {job.Id})");
        job.Hold(reason);
        return code;
    }

    private int Requeue(string why, int most)
    {
        if (job.Restarts >= most)
        {
            LastWords.Write($"interactive: job {job.Id}: {why}; it has been requeued {job.Restarts} times, --max-requeues {most} allows no more");
            return GoesOn;
        }
        try
        {
            LastWords.Write($"interactive: job {job.Id}: {why}; requeued{(most < int.MaxValue ? $" ({job.Restarts + 1} of {most})" : "")}");
            job.Requeue();
        }
        catch (UsageException e) { LastWords.Write($"interactive: job {job.Id} cannot be requeued: {e.Message}"); }
        return GoesOn;
    }
}
