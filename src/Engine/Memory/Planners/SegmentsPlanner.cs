namespace Interactive.Memory.Planners;

/// <summary>
/// Keeps the values between segments and re-runs each segment whole before its backward (Chen et al. 2016), with
/// segments of equal length between values that every path crosses; the length is searched by simulation.
/// </summary>
public sealed class SegmentsPlanner : IPlanner
{
    /// <inheritdoc/>
    public string Name => "segments";

    /// <inheritdoc/>
    public Plan? Make(PlanningGraph graph, long budget)
    {
        var cuts = InitialPlans.Cuts(graph);
        var lengths = Enumerable.Range(1, Math.Max(1, cuts.Count)).Where(n => n <= 16 || n % (n / 8) == 0);
        return Candidates.Within(graph, budget, Name,
            lengths.Select(n => InitialPlans.Segments(graph, cuts, n, Keep.OnceRecomputed))
            .Prepend(InitialPlans.KeepAll(graph)));
    }
}
