using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Memory;

public class PlannerTests
{
    private static PlanningGraph Analytic(string name, int batch, ModelOptions options)
    {
        var graph = Fusion.Fuse(Zoo.Create(name, options with { ShapesOnly = true }));
        return new PlanningGraph(graph, AnalyticProfile.Of(graph, batch));
    }

    [Fact]
    public void Half_the_bytes_of_resnet50_cost_no_3x3_convolution()
    {
        var facts = Analytic("resnet50", 16, new ModelOptions { Image = new Shape(3, 64, 64) });
        var all = new KeepAllPlanner().Make(facts, long.MaxValue)!;
        var plan = PlannerList.Find("auto").Make(facts, all.Prediction.PeakBytes / 2)!;
        Assert.InRange(plan.Overhead, 0, 0.06);
        var runs = plan.Schedule.Steps.Where(s => s.Kind is StepKind.Forward or StepKind.ForwardOnly).CountBy(s => s.Id);
        Assert.DoesNotContain(runs, r => r.Value > 1 && facts.Graph.Nodes[r.Key].Op is Interactive.Graphs.Ops.Conv2d { IsPointwise: false } && facts.Graph.Nodes[r.Key].Id > 0);
    }

    [Fact]
    public void Budgets_are_read_as_people_write_them()
    {
        Assert.Equal(50, MemoryBudget.Parse("50%").Of(100));
        Assert.Equal(600L << 20, MemoryBudget.Parse("600MiB").Of(100));
        Assert.Equal(3L << 29, MemoryBudget.Parse("1.5g").Of(100));
        Assert.Equal(1L << 40, MemoryBudget.Parse("1TiB").Of(100));
        foreach (var bad in new[] { "", "0", "-1", "abc", "0%", "-5%", "%", "1e999", "NaN" })
            Assert.Contains($"\"{bad}\"", Assert.Throws<UsageException>(() => MemoryBudget.Parse(bad)).Message);
    }

    [Fact]
    public void A_budget_too_small_names_the_least_and_its_cost()
    {
        var facts = Analytic("lenet5", 8, new ModelOptions());
        var message = Assert.Throws<UsageException>(() => PlanReport.Make(facts, MemoryBudget.Parse("1KiB"), PlannerList.Find("auto"))).Message;
        Assert.Matches(@"least budget is .* MiB \([0-9]+%\), at [0-9]+% more time", message);
    }
}
