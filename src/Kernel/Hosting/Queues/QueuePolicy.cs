namespace Interactive.Kernel.Hosting.Queues;

/// <summary>Which of the waiting jobs starts next.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Description">In words.</param>
/// <param name="Rank">Makes what gives a job its place when it comes, the least first; equal ones in the order of
/// submission.</param>
/// <param name="Skips">What those behind one that does not fit may do.</param>
internal sealed record QueuePolicy(string Name, string Description, Func<IRunTimes, Func<QueuedJob, double>> Rank, Skipping Skips)
{
    private static Func<QueuedJob, double> InOrder(IRunTimes _) => _ => 0;

    /// <summary>Those that are known.</summary>
    public static readonly IReadOnlyList<QueuePolicy> All =
    [
        new("fifo", "in the order of submission", InOrder, Skipping.Never),
        new("first-fit", "in that order, passing jobs that do not fit", InOrder, Skipping.Always),
        new("backfill", "the same, as long as the first that waits starts no later for it (EASY)", InOrder, Skipping.WithoutDelay),
        new("sjf", "the shortest first", _ => job => job.Seconds, Skipping.Never),
        new("gpu-time", "the least GPUs times seconds first", _ => job => job.Gpus * job.Seconds, Skipping.Never),
        new("qssf", "the same with seconds as earlier jobs of user and name suggest", times => job => job.Gpus * times.Guess(job), Skipping.Never),
    ];

    /// <summary>The one of a name.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static QueuePolicy Find(string name)
        => All.FirstOrDefault(p => p.Name == name)
        ?? throw new UsageException($"--policy {name}: there are {string.Join(", ", All.Select(p => p.Name))}");
}

/// <summary>What jobs do behind one for which too few GPUs are free.</summary>
internal enum Skipping
{
    /// <summary>They wait.</summary>
    Never,

    /// <summary>They start where they fit.</summary>
    Always,

    /// <summary>They start where the first one that waits starts no later for it.</summary>
    WithoutDelay,
}
