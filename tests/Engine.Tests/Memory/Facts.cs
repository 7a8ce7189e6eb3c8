using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Models;

namespace Interactive.Engine.Tests.Memory;

/// <summary>Graphs with a profile, as planners take them.</summary>
internal static class Facts
{
    /// <summary>A model of the zoo from shapes alone, without parameters.</summary>
    public static PlanningGraph Analytic(string name, int batch, ModelOptions options)
        => Analytic(Zoo.Create(name, options with { ShapesOnly = true }), batch);

    /// <summary>From shapes alone.</summary>
    public static PlanningGraph Analytic(Graph graph, long batch)
    {
        var fused = Fusion.Fuse(graph);
        return new PlanningGraph(fused, AnalyticProfile.Of(fused, batch));
    }

    /// <summary>Measured, one step.</summary>
    public static PlanningGraph Measured(Graph graph, long batch, IObjective? objective = null)
        => new(Fusion.Fuse(graph), Profiler.Measure(graph, batch, objective, repetitions: 1));
}
