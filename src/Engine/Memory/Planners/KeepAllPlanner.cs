namespace Interactive.Memory.Planners;

/// <summary>Recomputes nothing.</summary>
public sealed class KeepAllPlanner : IPlanner
{
    /// <inheritdoc/>
    public string Name => "keep-all";

    /// <inheritdoc/>
    public Plan? Make(PlanningGraph graph, long budget) => Candidates.Within(graph, budget, Name, [Seeds.KeepAll(graph)]);
}
