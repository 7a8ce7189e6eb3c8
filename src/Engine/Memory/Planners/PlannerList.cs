namespace Interactive.Memory.Planners;

/// <summary>The planners by name.</summary>
public static class PlannerList
{
    /// <summary>Each planner once, <c>auto</c> last.</summary>
    /// <param name="patience">How long the search may improve a plan; default one second.</param>
    public static IReadOnlyList<IPlanner> All(TimeSpan? patience = null)
    {
        IPlanner[] planners = [new KeepAllPlanner(), new CheapDropPlanner(), new SegmentsPlanner(),
            new OptimalPlanner(), new RememberingPlanner(new SearchPlanner(patience))];
        return [.. planners, new AutoPlanner(planners)];
    }

    /// <summary>The planner of this name.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static IPlanner Find(string name, TimeSpan? patience = null)
        => Find(name, All(patience));

    /// <summary>The planner of this name among those given.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static IPlanner Find(string name, IReadOnlyList<IPlanner> among)
        => among.FirstOrDefault(p => p.Name == name)
            ?? throw new UsageException($"unknown planner '{name}': choose one of {string.Join(", ", among.Select(p => p.Name))}");
}
