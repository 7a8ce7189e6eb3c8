namespace Interactive.Kernel.Hosting.Queues;

/// <summary>What a policy has made of a trace.</summary>
/// <param name="Policy">Its name.</param>
/// <param name="MeanCompletion">Mean seconds from a job's submission to its end.</param>
/// <param name="MeanWait">Mean seconds from its submission to its start.</param>
/// <param name="LongWait">What 95 % of the jobs wait at most, in seconds.</param>
/// <param name="Makespan">Seconds from the first submission to the last end.</param>
/// <param name="Utilization">Share of the GPUs' time until then that jobs have held.</param>
internal sealed record QueueOutcome(string Policy, double MeanCompletion, double MeanWait, double LongWait, double Makespan, double Utilization)
{
    private const double Most = 0.95;

    public static QueueOutcome Of(string policy, int gpus, IReadOnlyList<QueuedJob> jobs, IReadOnlyList<double> starts)
    {
        var waits = jobs.Select((job, i) => starts[i] - job.Submitted).Order().ToArray();
        var makespan = jobs.Select((job, i) => starts[i] + job.Seconds).Max() - jobs[0].Submitted;
        return new(policy, waits.Average() + jobs.Average(j => j.Seconds), waits.Average(),
            waits[(int)Math.Ceiling(Most * waits.Length) - 1], makespan,
            makespan == 0 ? 0 : jobs.Sum(j => j.Gpus * j.Seconds) / (gpus * makespan));
    }
}
