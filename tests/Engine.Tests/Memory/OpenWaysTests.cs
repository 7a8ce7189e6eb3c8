using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Memory;

/// <summary>
/// How a layer runs backward is chosen by the budget: autograd where it fits, then the fastest way that does.
/// </summary>
public class OpenWaysTests
{
    private const long Much = 1 << 20; // bytes, beside which this graph's values are nothing

    private static PlanningGraph OneConvolution()
    {
        var builder = new GraphBuilder("one", new Shape(4, 4, 4));
        var graph = Fusion.Fuse(builder.Build(builder.Input.Relu().Conv(4, 3, padding: 1, name: "conv")));
        var profile = AnalyticProfile.Of(graph, 1);
        NodeProfile With(NodeProfile node) => node.Name != "conv" ? node : node with
        {
            Backward = 10,
            BackwardWorkspace = 8 * Much,
            ParameterWays = [new(1, 5, 6 * Much), new(2, 7, 3 * Much), new(4, 9, Much)],
            InputWays = [new(1, 5, 4 * Much), new(2, 6, 2 * Much)],
        };
        return new PlanningGraph(graph, profile with { Nodes = [.. profile.Nodes.Select(With)] });
    }

    [Theory]
    [InlineData(9, 0, 0, 0)]   // autograd fits
    [InlineData(7, 1, 1, 0)]   // both at once in turn
    [InlineData(5, 2, 1, 2)]
    [InlineData(3.5, 2, 2, 3)]
    [InlineData(2.5, 4, 2, 5)]
    public void The_fastest_way_that_fits_is_taken(double budget, int parameters, int input, double extraSeconds)
    {
        using var scope = NewDisposeScope();
        var facts = OneConvolution();
        var schedule = new ScheduleBuilder(facts).Build(new Retention(facts), "keep-all", (long)(budget * Much));
        var prediction = new ScheduleSimulator(facts).Run(schedule);
        var id = facts.Graph.Nodes.Single(n => n.Name == "conv").Id;
        var taken =
            schedule.Steps.Where(s => s.Id == id && s.Kind is (StepKind.ParameterGradients or StepKind.Backward))
            .ToDictionary(s => s.Kind, s => s.Way);
        Assert.Equal((parameters, input),
            (taken.GetValueOrDefault(StepKind.ParameterGradients), taken[StepKind.Backward]));
        Assert.Equal(extraSeconds, prediction.ExtraSeconds, 1e-9);
        Assert.True(prediction.PeakBytes <= budget * Much);
    }

    [Fact]
    public void Keep_all_takes_a_smaller_way_that_costs_no_time()
    {
        using var scope = NewDisposeScope();
        // both gradients in turn take autograd's ten seconds
        var plan = new KeepAllPlanner().Make(OneConvolution(), long.MaxValue)!;
        Assert.InRange(plan.Prediction.PeakBytes, 6 * Much, 7 * Much);
        Assert.Equal(0, plan.Prediction.ExtraSeconds, 1e-9);
    }

    [Fact]
    public void No_plan_comes_of_a_budget_below_the_smallest_way()
    {
        using var scope = NewDisposeScope();
        Assert.Null(new KeepAllPlanner().Make(OneConvolution(), 2 * Much - 1));
    }
}
