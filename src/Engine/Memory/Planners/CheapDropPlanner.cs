namespace Interactive.Memory.Planners;

/// <summary>
/// Drops the outputs of batch norm, activations, pooling, dropout and sums as far as the budget asks; convolutions and
/// matrix products never run twice (Chen et al. 2016, section 3, "mirror" of cheap operators).
/// </summary>
public sealed class CheapDropPlanner : IPlanner
{
    /// <inheritdoc/>
    public string Name => "cheap-drop";

    /// <inheritdoc/>
    public Plan? Make(PlanningGraph graph, long budget)
        => Candidates.Within(graph, budget, Name,
        [InitialPlans.KeepAll(graph), InitialPlans.Cheap(graph, Keep.OnceRecomputed),
        InitialPlans.Cheap(graph, Keep.Never)]);
}
