namespace Interactive.Memory.Planners;

/// <summary>Op-level search: see <see cref="RetentionSearch"/>.</summary>
/// <param name="patience">How long it may improve a plan; default one second. Plans are found, and may be worse, with
/// zero.</param>
public sealed class SearchPlanner(TimeSpan? patience = null) : IPlanner
{
    /// <inheritdoc/>
    public string Name => "search";

    /// <inheritdoc/>
    public Plan? Make(PlanningGraph graph, long budget)
    {
        var search = new RetentionSearch(graph, budget, patience ?? TimeSpan.FromSeconds(1));
        if (search.Best(Starts(graph, budget)) is not { } best) return null;
        var schedule = new ScheduleBuilder(graph).Build(best, Name, budget);
        return new Plan(schedule, new ScheduleSimulator(graph).Run(schedule));
    }

    // In a net of thousands of nodes thousands of moves lie between other beginnings and a small budget.
    private static IEnumerable<Retention> Starts(PlanningGraph graph, long budget)
    {
        var near = OptimalPlanner.Beginnings(graph, budget);
        return graph.Nodes.Length > InitialPlans.Deep && near.Count > 0 ? near
            : near.Concat(InitialPlans.All(graph, budget));
    }
}
