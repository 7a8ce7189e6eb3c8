namespace Interactive.Memory.Planners;

/// <summary>The best feasible plan of all planners by simulation.</summary>
public sealed class AutoPlanner(IReadOnlyList<IPlanner> planners) : IPlanner
{
    /// <inheritdoc/>
    public string Name => "auto";

    /// <inheritdoc/>
    public Plan? Make(PlanningGraph graph, long budget)
    {
        // Where everything fits nothing is better.
        if (new KeepAllPlanner().Make(graph, budget) is { } all) return all;
        return planners.Select(p => p.Make(graph, budget)).OfType<Plan>().MinBy(p => p.Prediction.Seconds);
    }
}
