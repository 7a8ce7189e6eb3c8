using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>
/// The plan that recomputes nothing: every value lives until the last forward node or backward that reads it, as under
/// autograd with every intermediate disposed right after its last use.
/// </summary>
public static class KeepAll
{
    /// <summary>Makes the schedule for a (fused) graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="loss">What the loss does to the outputs; default: as softmax cross-entropy.</param>
    public static Schedule Schedule(Graph graph, LossTraits? loss = null)
    {
        var facts = new PlanningGraph(graph, AnalyticProfile.Of(graph, batch: 1, loss));
        return new ScheduleBuilder(facts).Build(new Retention(facts), "keep-all");
    }
}
