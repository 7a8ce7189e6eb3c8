namespace Interactive.Kernel.Hosting.Queues;

/// <summary>
/// Plays a trace on a cluster whose GPUs are all alike: a job starts when as many are free as it needs, and holds them
/// to its end. From event to event; jobs that end make room before those that come at the same time look for it.
/// </summary>
internal sealed class QueueSimulator
{
    private readonly IReadOnlyList<QueuedJob> jobs;
    private readonly QueuePolicy policy;
    private readonly double[] starts;
    private readonly RunTimes times = new();
    private readonly SortedSet<(double Rank, int Job)> waiting = [];
    private readonly SortedSet<(double End, int Job)> running = [];
    private int free;

    private QueueSimulator(IReadOnlyList<QueuedJob> jobs, int gpus, QueuePolicy policy)
        => (this.jobs, free, this.policy, starts) = (jobs, gpus, policy, new double[jobs.Count]);

    /// <summary>Plays it.</summary>
    /// <param name="jobs">In the order of submission; none needs more than there is.</param>
    /// <param name="gpus">Of the cluster.</param>
    /// <param name="policy">Who starts next.</param>
    public static QueueOutcome Run(IReadOnlyList<QueuedJob> jobs, int gpus, QueuePolicy policy)
        => QueueOutcome.Of(policy.Name, gpus, jobs, Starts(jobs, gpus, policy));

    /// <summary>The same: when each job starts.</summary>
    public static IReadOnlyList<double> Starts(IReadOnlyList<QueuedJob> jobs, int gpus, QueuePolicy policy)
        => new QueueSimulator(jobs, gpus, policy).Play();

    private double[] Play()
    {
        var rank = policy.Rank(times);
        for (var next = 0; next < jobs.Count || running.Count > 0;)
        {
            var now = Math.Min(next < jobs.Count ? jobs[next].Submitted : double.MaxValue,
                running.Count > 0 ? running.Min.End : double.MaxValue);
            while (running.Count > 0 && running.Min.End <= now) End(running.Min);
            for (; next < jobs.Count && jobs[next].Submitted <= now; next++) waiting.Add((rank(jobs[next]), next));
            StartThoseThatMay(now);
        }
        return starts;
    }

    private void End((double End, int Job) one)
    {
        running.Remove(one);
        free += jobs[one.Job].Gpus;
        times.Add(jobs[one.Job]);
    }

    private void StartThoseThatMay(double now)
    {
        (double Time, int Spare)? promise = null; // to the first that waits: when it starts, and what it leaves free then
        foreach (var place in Places())
        {
            var job = jobs[place.Job];
            if (free == 0 && job.Gpus > 0 && policy.Skips != Skipping.Always) return;
            var isLater = promise is { } p && now + job.Seconds > p.Time;
            if (job.Gpus <= free && (!isLater || job.Gpus <= promise!.Value.Spare))
            {
                if (isLater) promise = promise!.Value with { Spare = promise.Value.Spare - job.Gpus };
                waiting.Remove(place);
                (starts[place.Job], free) = (now, free - job.Gpus);
                running.Add((now + job.Seconds, place.Job));
            }
            else if (policy.Skips == Skipping.Never) return;
            else if (policy.Skips == Skipping.WithoutDelay) promise ??= Promise(job.Gpus);
        }
    }

    // Where none is passed, the first that does not start ends the search, and the queue may be long.
    private IEnumerable<(double Rank, int Job)> Places()
    {
        if (policy.Skips != Skipping.Never)
            foreach (var place in waiting.ToArray()) yield return place;
        else while (waiting.Count > 0) yield return waiting.Min;
    }

    private (double Time, int Spare) Promise(int gpus)
    {
        var then = free;
        foreach (var (end, job) in running)
            if ((then += jobs[job].Gpus) >= gpus) return (end, then - gpus);
        return (double.MaxValue, 0); // no job needs more than there is
    }
}
