using System.Text.Json;
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
    /// <summary>
    /// Planned from a measured profile, run for real: plain's bits, and the measured peak within the budget.
    /// </summary>
    [Theory]
    [InlineData("resnet18")]
    [InlineData("mobilenet")]
    [InlineData("unet")]
    [InlineData("gpt")]
    [InlineData("vit")]
    public void Every_planner_keeps_bits_and_budget(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.train();
        var facts = Facts.Measured(graph, 2);
        var (x, y) = SmallModels.Batch(graph);
        var expected = TrainingStep.Plain(graph, x, y);
        var all = new KeepAllPlanner().Make(facts, long.MaxValue)!.Prediction.PeakBytes;
        var least = LeastBudget.Find(facts).Prediction.PeakBytes;
        foreach (var budget in new[] { (all + least) / 2, least })
            foreach (var planner in PlannerList.All(TimeSpan.FromMilliseconds(50)))
            {
                if (planner.Make(facts, budget) is not { } plan) continue;
                Assert.InRange(plan.Prediction.PeakBytes, 0, budget);
                expected.AssertSame(TrainingStep.Planned(graph, plan.Schedule, x, y, out var peak));
                Assert.InRange(peak, 0, budget * 1.02);
            }
        Assert.NotNull(PlannerList.Find("auto").Make(facts, least));
    }

    [Fact]
    public void Half_the_bytes_of_resnet50_cost_no_3x3_convolution()
    {
        var facts = Facts.Analytic("resnet50", 16, new ModelOptions { Image = new Shape(3, 64, 64) });
        var all = new KeepAllPlanner().Make(facts, long.MaxValue)!;
        var plan = PlannerList.Find("auto").Make(facts, all.Prediction.PeakBytes / 2)!;
        Assert.InRange(plan.Overhead, 0, 0.06);
        var runs = plan.Schedule.Steps.Where(s => s.Kind is StepKind.Forward or StepKind.ForwardOnly)
            .CountBy(s => s.Id);
        Assert.DoesNotContain(runs,
            r
            => r.Value > 1 && facts.Graph.Nodes[r.Key].Op is Interactive.Graphs.Ops.Conv2d { IsPointwise: false }
            && facts.Graph.Nodes[r.Key].Id > 0);
    }

    [Fact]
    public void Budgets_are_read_as_people_write_them()
    {
        Assert.Equal(50, MemoryBudget.Parse("50%").Of(100));
        Assert.Equal(600L << 20, MemoryBudget.Parse("600MiB").Of(100));
        Assert.Equal(3L << 29, MemoryBudget.Parse("1.5g").Of(100));
        Assert.Equal(1L << 40, MemoryBudget.Parse("1TiB").Of(100));
        foreach (var text in new[] { "50%", "600MiB", "2000000 bytes", "" })
        {
            MemoryBudget budget = text;
            Assert.Equal((text, text == "", $"\"{text}\""), ($"{budget}", budget.IsNone, JsonSerializer.Serialize(budget)));
            Assert.Equal(budget, JsonSerializer.Deserialize<MemoryBudget>($"\"{text}\""));
        }
        foreach (var bad in new[] { "", "0", "-1", "abc", "0%", "-5%", "%", "1e999", "NaN" })
            Assert.Contains($"\"{bad}\"", Assert.Throws<UsageException>(() => MemoryBudget.Parse(bad)).Message);
    }

    [Fact]
    public void A_budget_too_small_names_the_least_and_its_cost()
    {
        var facts = Facts.Analytic("lenet5", 8, new ModelOptions());
        var message = Assert.Throws<UsageException>(()
            => PlanReport.Make(facts, MemoryBudget.Parse("1KiB"), PlannerList.Find("auto"))).Message;
        Assert.Matches(@"least budget is .* KiB \([0-9]+%\), at [0-9]+% more time", message);
    }
}
