namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>All checks of a node, side by side; each has its own time.</summary>
internal static class NodeExamination
{
    private static readonly TimeSpan activePatience = TimeSpan.FromSeconds(60);

    /// <summary>Long for a node that is busy, and short of the minute after which Slurm ends its HealthCheckProgram.</summary>
    public static readonly TimeSpan Thorough = TimeSpan.FromSeconds(20);

    /// <summary>For whoever waits: a sound node has answered long before.</summary>
    public static readonly TimeSpan Quick = TimeSpan.FromSeconds(4);

    /// <summary>The checks that only look.</summary>
    public static readonly IReadOnlyList<(string Name, Func<Node, IEnumerable<Finding>> Run)> Checks =
    [
        ("disk", StorageChecks.Space), ("read-only", StorageChecks.ReadOnly), ("shared-memory", StorageChecks.SharedMemory),
        ("memory", HardwareChecks.Memory), ("cores", HardwareChecks.Cores), ("memory-errors", HardwareChecks.MemoryErrors),
        ("heat", HardwareChecks.Heat), ("network", NetworkChecks.Cards), ("infiniband", NetworkChecks.InfiniBand),
        ("kernel-log", KernelLogCheck.Run), ("clock", ClockCheck.Run), ("gpu", GpuCheck.Run), ("orphans", OrphanCheck.Run),
    ];

    /// <summary>Examines a node.</summary>
    /// <param name="node">Which one.</param>
    /// <param name="isActive">Whether to measure it as well.</param>
    /// <returns>What was found, the worst first.</returns>
    public static IReadOnlyList<Finding> Of(Node node, bool isActive)
    {
        var found = Run(node, Checks, node.Patience);
        // Afterwards: the others would take its cores.
        if (isActive) found = [.. found, .. Run(node, [("speed", ActiveChecks.Run)], activePatience)];
        return [.. found.OrderByDescending(f => f.Fitness)];
    }

    /// <summary>Runs checks; one that does not end, or fails, is a finding.</summary>
    internal static IReadOnlyList<Finding> Run(Node node,
        IReadOnlyList<(string Name, Func<Node, IEnumerable<Finding>> Run)> checks, TimeSpan time)
    {
        var running = checks.Select(check => (check.Name, Task: Task.Factory.StartNew(() => check.Run(node).ToList(),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).ToList();
        try { Task.WaitAll([.. running.Select(r => r.Task)], time); }
        catch (AggregateException) { } // each is asked below
        return [.. running.SelectMany(r => r.Task.Status switch
        {
            TaskStatus.RanToCompletion => r.Task.Result,
            TaskStatus.Faulted => [new(r.Name, Fitness.Doubtful, $"the check failed: {r.Task.Exception!.InnerException!.Message.ReplaceLineEndings(" ")}")],
            _ => [new Finding(r.Name, Fitness.Unfit, $"the check has not ended within {time.TotalSeconds:0.#} s")],
        })];
    }
}
