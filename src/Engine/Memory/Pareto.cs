using Interactive.Memory.Planners;

namespace Interactive.Memory;

/// <summary>Plans over the whole range of budgets, none beaten by another in both bytes and time.</summary>
public static class Pareto
{
    /// <summary>From the least peak found to the plan that recomputes nothing.</summary>
    /// <param name="graph">Graph and profile.</param>
    /// <param name="points">Budgets tried between the two; default 10.</param>
    public static IReadOnlyList<Plan> Of(PlanningGraph graph, int points = 10)
    {
        var least = LeastBudget.Find(graph);
        var all = new KeepAllPlanner().Make(graph, long.MaxValue)!;
        var plans = new List<Plan> { least, all };
        var planner = new SearchPlanner(TimeSpan.FromSeconds(0.1));
        for (var i = 1; i <= points; i++)
            if (planner.Make(graph, least.Prediction.PeakBytes + (all.Prediction.PeakBytes - least.Prediction.PeakBytes) * i / (points + 1)) is { } plan) plans.Add(plan);
        var front = new List<Plan>();
        foreach (var plan in plans.OrderBy(p => p.Prediction.PeakBytes).ThenBy(p => p.Prediction.Seconds))
            if (front.Count == 0 || plan.Prediction.Seconds < front[^1].Prediction.Seconds) front.Add(plan);
        return front;
    }
}
