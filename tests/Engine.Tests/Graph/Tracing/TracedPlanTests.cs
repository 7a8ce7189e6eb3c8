using Interactive.Engine.Tests.Memory;
using Interactive.Engine.Tests.Models;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>
/// A net of the zoo against the trace of its own forward, which is nothing but functions of libtorch: half the memory costs both about
/// the same. Costs follow from shapes, so the figures are the same each time.
/// </summary>
[Trait("Speed", "slow")]
public class TracedPlanTests(ITestOutputHelper output)
{
    private const int Batch = 64;
    private const double Points = 0.03;

    // Large enough for what a net keeps to weigh more than its parameters; a trace runs two to four samples.
    private static readonly Dictionary<string, ModelOptions> Nets = new()
    {
        ["gpt"] = new() { Context = 64, Vocabulary = 256, Width = 128, Layers = 4, Heads = 4 },
    };

    public static TheoryData<string> Names => [.. Nets.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Half_the_memory_costs_a_trace_no_more_than_the_graph_built_by_hand(string name)
    {
        set_num_threads(2);
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Zoo.Create(name, Nets[name]);
        var traced = Graph.Trace(graph, SmallModels.Batch(graph).Input);
        Assert.Empty(traced.Notes);
        Assert.Equal(graph.named_parameters().Select(p => p.name), traced.named_parameters().Select(p => p.name));
        PlanningGraph byHand = Facts.Analytic(graph, Batch), byTrace = Facts.Analytic(traced, Batch);
        output.WriteLine($"{name}: by hand {All(byHand).PeakBytes:N0} {Kinds(byHand)}\ntraced {All(byTrace).PeakBytes:N0} {Kinds(byTrace)}");
        var half = All(byHand).PeakBytes / 2;
        var (ours, theirs) = (Extra(byTrace, half), Extra(byHand, half));
        output.WriteLine($"{theirs:P2} by hand, {ours:P2} traced");
        Assert.True(ours <= theirs + Points, $"{ours:P2} against {theirs:P2}");
    }

    private static string Kinds(PlanningGraph graph) => string.Join(' ', graph.Graph.Nodes.CountBy(n => n.Op.Kind));

    private static Forecast All(PlanningGraph graph) => new KeepAllPlanner().Make(graph, long.MaxValue)!.Prediction;

    private static double Extra(PlanningGraph graph, long budget)
    {
        var plan = new AutoPlanner([new CheapDropPlanner(), new SegmentsPlanner(), new OptimalPlanner()]).Make(graph, budget); // those that take no time into account
        Assert.True(plan is not null, $"no plan in {budget:N0} bytes");
        return plan.Prediction.ExtraSeconds / All(graph).Seconds;
    }
}
