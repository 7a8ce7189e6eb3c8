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
/// A net of the zoo against the trace of its own forward, which is nothing but functions of libtorch: half the memory
/// costs both about the same. Costs follow from shapes, so the figures are the same each time.
/// </summary>
[Trait("Speed", "slow")]
public class TracedPlanTests(ITestOutputHelper output)
{
    private const double Points = 0.03;

    // Large enough for what a net keeps to weigh more than its parameters; a trace runs two to four samples.
    private static readonly Dictionary<string, (ModelOptions Options, int Batch)> Nets = new()
    {
        ["gpt"] = (new() { Context = 64, Vocabulary = 256, Width = 128, Layers = 4, Heads = 4 }, 64),
        ["resnet18"] = (new() { Image = new Shape(3, 64, 64), Classes = 10 }, 64),
        ["unet"] = (new() { Image = new Shape(3, 32, 32) }, 64),
        ["densenet121"] = (new() { Image = new Shape(3, 64, 64), Classes = 10 }, 64),
        ["mobilenet"] = (new() { Image = new Shape(3, 64, 64), Classes = 10 }, 64),
        // with fewer samples the gradient of its first linear layer alone is half of all
        ["vgg16"] = (new() { Image = new Shape(3, 64, 64), Classes = 10 }, 256),
        ["googlenet"] = (new() { Image = new Shape(3, 64, 64), Classes = 10 }, 64),
        ["vit"] = (new() { Image = new Shape(3, 96, 96), Width = 128, Layers = 4, Heads = 4, Classes = 10 }, 64),
    };

    public static TheoryData<string> Names => [.. Nets.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Half_the_memory_costs_a_trace_no_more_than_the_graph_built_by_hand(string name)
    {
        set_num_threads(2);
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (options, batch) = Nets[name];
        var graph = Zoo.Create(name, options);
        var traced = Graph.Trace(graph, SmallModels.Batch(graph).Input);
        Assert.Empty(traced.Notes);
        Assert.Equal(graph.named_parameters().Select(p => p.name), traced.named_parameters().Select(p => p.name));
        PlanningGraph byHand = Facts.Analytic(graph, batch), byTrace = Facts.Analytic(traced, batch);
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
        // those that take no time into account
        var plan = new AutoPlanner([new CheapDropPlanner(), new SegmentsPlanner(), new OptimalPlanner()]).Make(graph,
            budget);
        Assert.True(plan is not null, $"no plan in {budget:N0} bytes");
        return plan.Prediction.ExtraSeconds / All(graph).Seconds;
    }
}
