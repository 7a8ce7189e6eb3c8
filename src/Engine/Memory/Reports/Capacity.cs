using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>How large a batch trains inside a given memory.</summary>
public static class Capacity
{
    /// <summary>
    /// The largest batch for which the planner finds a plan, from shapes alone (<see cref="AnalyticProfile"/>), by
    /// doubling and bisection; 0 when not even one sample fits. Parameters, gradients, optimiser state and the batch
    /// itself count against the memory (<see cref="FixedBytes"/>). The most recomputing allowed is one more forward.
    /// </summary>
    /// <param name="graph">The model.</param>
    /// <param name="memoryBytes">All bytes there are.</param>
    /// <param name="planner">Who plans.</param>
    /// <param name="precision">Bisection ends when the bounds differ by less than this share; default 1 %. 0 is
    /// exact.</param>
    public static long LargestBatch(Graph graph, long memoryBytes, IPlanner planner, double precision = 0.01)
    {
        var fused = Fusion.Fuse(graph);
        if (!Fits(1)) return 0;
        var (fits, fails) = (1L, 2L);
        while (Fits(fails)) (fits, fails) = (fails, 2 * fails);
        while (fails - fits > Math.Max(1, (long)(precision * fits)))
        {
            var middle = (fits + fails) / 2;
            if (Fits(middle)) fits = middle;
            else fails = middle;
        }
        return fits;

        bool Fits(long batch)
        {
            var budget = memoryBytes - FixedBytes.Of(graph, batch);
            if (budget <= 0) return false;
            var profile = AnalyticProfile.Of(fused, batch);
            return planner.Make(new PlanningGraph(fused, profile), budget) is { } plan
                && plan.Prediction.RecomputeSeconds <= profile.Nodes.Sum(n => n.Forward);
        }
    }
}
