using Interactive.Memory.Planners;

namespace Interactive.Memory;

/// <summary>Plans over the whole range of budgets, none beaten by another in both bytes and time.</summary>
public static class Pareto
{
    /// <summary>
    /// From the least peak found to the plan that recomputes nothing: the curve of the dynamic programme, refined by
    /// searches.
    /// </summary>
    /// <param name="graph">Graph and profile.</param>
    /// <param name="points">Budgets at which a search tries to do better; default 10. None in nets of more than a
    /// thousand nodes.</param>
    public static IReadOnlyList<Plan> Of(PlanningGraph graph, int points = 10)
    {
        var least = LeastBudget.Find(graph);
        var all = new KeepAllPlanner().Make(graph, long.MaxValue)!;
        var plans = new List<Plan>(OptimalPlanner.Front(graph)) { least, all };
        if (graph.Nodes.Length > InitialPlans.Deep) return plans.Fastest();
        var planner = new SearchPlanner(TimeSpan.FromSeconds(0.1));
        for (var i = 1; i <= points; i++)
            if (planner.Make(graph,
                least.Prediction.PeakBytes
                + (all.Prediction.PeakBytes - least.Prediction.PeakBytes) * i / (points + 1)) is { } plan)
                plans.Add(plan);
        return plans.Fastest();
    }
}
