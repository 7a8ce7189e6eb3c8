using System.Globalization;

namespace Interactive.Kernel.Hosting.Slurm;

/// <summary>The job in whose batch script this process runs.</summary>
/// <param name="Id">As scontrol takes it: of an array, the task alone, else the whole array would be requeued.</param>
/// <param name="Tasks">Ranks it was given.</param>
/// <param name="Nodes">Hosts it was given.</param>
/// <param name="Restarts">How often it has been requeued.</param>
internal sealed record SlurmJob(string Id, int Tasks, int Nodes, int Restarts)
{
    /// <summary>Reads it from Slurm's variables.</summary>
    /// <exception cref="UsageException">This is no job.</exception>
    public static SlurmJob Read(Func<string, string?> variable)
    {
        int Number(string name, int fallback)
            => int.TryParse(variable(name), CultureInfo.InvariantCulture, out var number) ? number : fallback;
        var id = variable("SLURM_ARRAY_JOB_ID") is { Length: > 0 } array
            && variable("SLURM_ARRAY_TASK_ID") is { Length: > 0 } task ? $"{array}_{task}" : variable("SLURM_JOB_ID");
        return id is { Length: > 0 }
            ? new(id, Number("SLURM_NTASKS", 1), Number("SLURM_JOB_NUM_NODES", 1), Number("SLURM_RESTART_COUNT", 0))
            : throw new UsageException("batch runs inside a Slurm job: interactive slurm submit makes one; launch --restarts is its like without Slurm");
    }

    /// <summary>Whether Slurm takes the nodes for another job.</summary>
    public bool IsPreempted
        => SlurmTool.Try("scontrol", ["show", "job", Id]).Out is var text
        && Field(text, "PreemptTime") is not (null or "None" or "N/A" or "Unknown" or "");

    /// <summary>Puts it back into the queue; Slurm ends this process.</summary>
    public void Requeue() => SlurmTool.Run("scontrol", ["requeue", Id]);

    /// <summary>Puts it back, to wait until a person has looked.</summary>
    public void Hold(string reason)
    {
        SlurmTool.Try("scontrol", ["update", $"JobId={Id}", $"Comment={reason}"]);
        SlurmTool.Run("scontrol", ["requeuehold", Id]);
    }

    internal static string? Field(string text, string name)
        => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
        .Where(word => word.StartsWith($"{name}=", StringComparison.Ordinal)).Select(word => word[(name.Length + 1)..])
        .FirstOrDefault();
}
