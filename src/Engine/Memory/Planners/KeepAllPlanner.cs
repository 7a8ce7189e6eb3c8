namespace Interactive.Memory.Planners;

/// <summary>
/// Recomputes nothing, and of the ways to run backward takes the smaller ones where they cost no time.
/// </summary>
public sealed class KeepAllPlanner : IPlanner
{
    private const double NoTime = 0.001; // of a step
    private const int Halvings = 12;

    /// <inheritdoc/>
    public string Name => "keep-all";

    /// <inheritdoc/>
    public Plan? Make(PlanningGraph graph, long budget)
    {
        if (Within(graph, budget) is not { } plan) return null;
        var (best, fails) = (plan, 0L);
        for (var i = 0; i < Halvings && Array.Exists(graph.Nodes, n => n.ParameterWays.Length > 0); i++)
        {
            var less = (fails + best.Prediction.PeakBytes) / 2;
            if (Within(graph, less) is { } smaller
                && smaller.Prediction.Seconds <= plan.Prediction.Seconds * (1 + NoTime)) best = smaller;
            else fails = less;
        }
        return best;
    }

    private Plan? Within(PlanningGraph graph, long budget)
        => Candidates.Within(graph, budget, Name, [InitialPlans.KeepAll(graph)]);
}
