namespace Interactive.Kernel.Hosting.Queues;

/// <summary>How long a job is likely to run.</summary>
internal interface IRunTimes
{
    /// <summary>Seconds.</summary>
    double Guess(QueuedJob job);
}

/// <summary>
/// From jobs that have ended: the mean of those with the same user and name, else of the same user, else of all (after
/// Hu et al., "Characterization and prediction of deep learning workloads in large-scale GPU datacenters", 2021).
/// Figures in a name are left out, as in train-17.
/// </summary>
internal sealed class RunTimes : IRunTimes
{
    private readonly Dictionary<string, (double Sum, int Count)> ended = [];

    /// <summary>A job has ended.</summary>
    public void Add(QueuedJob job)
    {
        foreach (var key in Keys(job))
        {
            var (sum, count) = ended.GetValueOrDefault(key);
            ended[key] = (sum + job.Seconds, count + 1);
        }
    }

    /// <inheritdoc/>
    public double Guess(QueuedJob job)
        => Keys(job).Where(ended.ContainsKey).Select(key => ended[key].Sum / ended[key].Count).FirstOrDefault();

    private static IEnumerable<string> Keys(QueuedJob job)
        => [$"{job.User}\n{string.Concat(job.Name.Where(c => !char.IsAsciiDigit(c)))}", $"{job.User}\n\n", "\n\n\n"];
}
