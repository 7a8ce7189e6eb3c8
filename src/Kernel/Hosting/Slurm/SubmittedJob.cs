using System.Globalization;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Slurm;

/// <summary>A job that waits, runs or has ended, seen from outside.</summary>
/// <param name="Id">As squeue lists it.</param>
internal sealed record SubmittedJob(string Id)
{
    /// <summary>Of a job that someone has cancelled: as of a process that was told to end.</summary>
    public const int Cancelled = 128 + 15;

    /// <summary>Of one that Slurm has killed.</summary>
    public const int Killed = 128 + 9;

    /// <summary>The script of a job, whose supervisor is this program.</summary>
    public static string Text(BatchScript batch) => batch.ToText(File.Exists("interactive") ? ["./interactive"]
        : [DotnetProgram.Path, typeof(SubmittedJob).Assembly.Location]);

    /// <summary>Hands it to sbatch.</summary>
    /// <exception cref="UsageException">Slurm is not here, or refuses.</exception>
    public static SubmittedJob Submit(BatchScript batch)
    {
        Directory.CreateDirectory(batch.Out); // Slurm makes none for the log
        return new(SlurmTool.Run("sbatch", ["--parsable"], Text(batch)).Trim().Split(';')[0]);
    }

    /// <summary>
    /// Where it stands, as <c>scontrol</c> knows it; null where Slurm has forgotten it, some minutes after its end, or does not answer.
    /// </summary>
    public JobStanding? Look()
    {
        var (exit, text, error) = SlurmTool.Try("scontrol", ["show", "job", Id]);
        if (exit != 0) return error.Contains("Invalid job id", StringComparison.Ordinal) ? new(JobPhase.Forgotten, 0, "") : null;
        var state = SlurmJob.Field(text, "JobState") ?? "";
        var reason = SlurmJob.Field(text, "Reason") ?? "";
        return state switch
        {
            "COMPLETED" => new(JobPhase.Ended, 0, ""),
            "FAILED" => new(JobPhase.Ended, ExitCode(text), ""),
            "CANCELLED" => new(JobPhase.Ended, Cancelled, ""),
            // Slurm puts these back by itself where a job may be requeued.
            "NODE_FAIL" or "BOOT_FAIL" or "TIMEOUT" or "OUT_OF_MEMORY" or "DEADLINE" or "PREEMPTED"
                => new(JobPhase.Ended, Killed, ""),
            "PENDING" when reason.StartsWith("JobHeld", StringComparison.Ordinal)
                => new(JobPhase.Held, 0, Comment(text)),
            "PENDING" or "REQUEUED" or "REQUEUE_HOLD" => new(JobPhase.Waits, 0, ""),
            _ => new(JobPhase.Runs, 0, ""),
        };
    }

    /// <summary>Ends it. The batch script alone is asked, which asks its ranks: what starts them for Slurm would kill them before they have saved.</summary>
    /// <exception cref="UsageException">Slurm is not here, or knows no such job.</exception>
    public void Cancel()
    {
        var isRunning = SlurmTool.Run("squeue", ["--noheader", "--format", "%T", "--jobs", Id]).Contains("RUNNING", StringComparison.Ordinal);
        if (isRunning) SlurmTool.Run("scancel", ["--batch", "--signal=TERM", Id]);
        SlurmTool.Run("scancel", isRunning ? ["--state=PENDING", Id] : [Id]); // tasks of an array may wait
    }

    // ExitCode=2:0, or 0:9 for one that was killed.
    private static int ExitCode(string text)
        => SlurmJob.Field(text, "ExitCode")?.Split(':') is [var code, var signal]
        && int.TryParse(code, CultureInfo.InvariantCulture, out var number)
        && int.TryParse(signal, CultureInfo.InvariantCulture, out var by) ? by > 0 ? 128 + by : number : 1;

    // It has spaces: the rest of its line.
    private static string Comment(string text)
        => text.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith("Comment=", StringComparison.Ordinal))?["Comment=".Length..] ?? "";
}

/// <summary>Where a job stands.</summary>
internal enum JobPhase
{
    /// <summary>In the queue.</summary>
    Waits,
    /// <summary>In the queue until someone lets it go.</summary>
    Held,
    /// <summary>On its nodes, or ending there.</summary>
    Runs,
    /// <summary>It has an exit code.</summary>
    Ended,
    /// <summary>Slurm knows it no more.</summary>
    Forgotten,
}

/// <summary>A phase with what belongs to it.</summary>
/// <param name="Phase">Where the job stands.</param>
/// <param name="Exit">Its exit code where it has ended, 128 + the signal for one that was killed.</param>
/// <param name="Why">Why it is held, as its comment says.</param>
internal sealed record JobStanding(JobPhase Phase, int Exit, string Why);
