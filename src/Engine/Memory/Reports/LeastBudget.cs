using Interactive.Memory.Planners;

namespace Interactive.Memory;

/// <summary>
/// The smallest budget for which a plan is found: the dynamic programme's, and what a search bisects below it.
/// </summary>
public static class LeastBudget
{
    /// <summary>The plan with the smallest peak found.</summary>
    /// <param name="graph">Graph and profile.</param>
    /// <param name="halvings">Steps of the bisection; default 6.</param>
    public static Plan Find(PlanningGraph graph, int halvings = 6)
    {
        var (builder, simulator) = (new ScheduleBuilder(graph), new ScheduleSimulator(graph));
        var keepAll = simulator.Run(builder.Build(InitialPlans.KeepAll(graph), "keep-all")).PeakBytes;
        var least = InitialPlans.All(graph, keepAll / 2).Select(Smallest)
            .Concat(OptimalPlanner.Front(graph)).MinBy(p => p.Prediction.PeakBytes)!;
        // the dynamic programme's, within a share of its units
        if (graph.Nodes.Length > InitialPlans.Deep) return least;
        var infeasible = 0L;
        var planner = new SearchPlanner(TimeSpan.Zero);
        for (var i = 0; i < halvings; i++)
        {
            var budget = (infeasible + least.Prediction.PeakBytes) / 2;
            if (planner.Make(graph, budget) is { } plan) least = plan;
            else infeasible = budget;
        }
        return least;

        Plan Smallest(Retention retention)
        {
            var steps = builder.Build(retention, out var into);
            return SmallestPlan.Of(simulator, steps, into, "search");
        }
    }
}
