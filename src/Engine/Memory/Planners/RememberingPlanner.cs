namespace Interactive.Memory.Planners;

/// <summary>
/// A planner that answers the same question once: what <c>auto</c> has asked need not be searched again for a
/// comparison.
/// </summary>
internal sealed class RememberingPlanner(IPlanner planner) : IPlanner
{
    private (PlanningGraph Graph, long Budget, Plan? Plan)? last;

    /// <inheritdoc/>
    public string Name => planner.Name;

    /// <inheritdoc/>
    public Plan? Make(PlanningGraph graph, long budget)
    {
        if (last is not { } known || known.Graph != graph || known.Budget != budget)
            last = known = (graph, budget, planner.Make(graph, budget));
        return known.Plan;
    }
}
