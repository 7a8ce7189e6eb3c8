using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Memory;

public class OptimalPlannerTests
{
    /// <summary>
    /// Every plan at every budget replays within it, and runs each node's backward once, last to first.
    /// </summary>
    [Theory]
    [InlineData("lenet5")]
    [InlineData("vgg16")]
    [InlineData("googlenet")]
    [InlineData("resnet18")]
    [InlineData("resnet101")]
    [InlineData("mobilenet")]
    [InlineData("unet")]
    [InlineData("densenet121")]
    [InlineData("gpt")]
    [InlineData("vit")]
    public void Plans_hold_their_budget_and_run_every_backward_once_in_order(string name)
    {
        var facts = Facts.Analytic(name, 4, new ModelOptions());
        var all = new KeepAllPlanner().Make(facts, long.MaxValue)!.Prediction;
        var planner = new OptimalPlanner();
        var least = OptimalPlanner.Front(facts)[0].Prediction.PeakBytes;
        var random = new Random(name.Length);
        for (var i = 0; i < 12; i++)
        {
            var budget = least + (long)(random.NextDouble() * (all.PeakBytes - least));
            if (planner.Make(facts, budget) is not { } plan) continue;
            // Replayed from the steps alone, as the executor reads them.
            var replayed = new ScheduleSimulator(facts).Run(plan.Schedule);
            Assert.Equal(plan.Prediction, replayed);
            Assert.InRange(replayed.PeakBytes, 1, budget);
            Assert.Equal(all.Seconds, replayed.Seconds - replayed.RecomputeSeconds, 1e-6 * all.Seconds);
            Assert.Equal(Enumerable.Range(0, facts.Graph.Nodes.Count).Reverse(),
                plan.Schedule.Steps.Where(s => s.Kind == StepKind.Backward).Select(s => s.Id));
        }
    }

    [Theory]
    [InlineData("vgg16")]
    [InlineData("resnet50")]
    [InlineData("unet")]
    [InlineData("densenet121")]
    public void The_curve_falls_from_the_least_budget_to_nothing_recomputed(string name)
    {
        var front = OptimalPlanner.Front(Facts.Analytic(name, 4, new ModelOptions()));
        Assert.True(front.Count > 5);
        foreach (var (a, b) in front.Zip(front.Skip(1)))
        {
            Assert.True(a.Prediction.PeakBytes < b.Prediction.PeakBytes);
            Assert.True(a.Prediction.Seconds > b.Prediction.Seconds);
        }
        Assert.Equal(0, front[^1].Prediction.RecomputeSeconds);
    }

    /// <summary>
    /// The least plan, which drops what it can twice, and one in the middle of the curve: plain's bits.
    /// </summary>
    [Theory]
    [InlineData("googlenet")]
    [InlineData("resnet50")]
    [InlineData("densenet121")]
    public void Plans_have_plain_bits_and_the_predicted_peak(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.train();
        var facts = Facts.Measured(graph, 2);
        var (x, y) = SmallModels.Batch(graph);
        var expected = TrainingStep.Plain(graph, x, y);
        var front = OptimalPlanner.Front(facts);
        foreach (var plan in new[] { front[0], front[front.Count / 4] })
        {
            expected.AssertSame(TrainingStep.Planned(graph, plan.Schedule, x, y, out var peak));
            Assert.InRange((double)peak / plan.Prediction.PeakBytes, 0.98, 1.02);
        }
    }

    /// <summary>All 3^n retentions of a small net: what the programme and the search are compared with.</summary>
    [Fact]
    public void Of_a_tiny_net_nothing_better_is_missed_by_much()
    {
        var facts = Facts.Analytic("lenet5", 16, new ModelOptions());
        var (builder, simulator) = (new ScheduleBuilder(facts), new ScheduleSimulator(facts));
        var choices = Enumerable.Range(1, facts.Graph.Nodes.Count - 1).ToArray();
        var found = new List<Forecast>();
        for (var code = 0; code < Math.Pow(3, choices.Length); code++)
        {
            var retention = new Retention(facts);
            var rest = code;
            foreach (var value in choices)
            {
                retention.Values[value] = (Keep)(rest % 3);
                rest /= 3;
            }
            found.Add(simulator.Run(builder.Build(retention, "all")));
        }
        var auto = PlannerList.Find("auto");
        foreach (var budget in found.Select(p => p.PeakBytes).Distinct().Order())
        {
            var best = found.Where(p => p.PeakBytes <= budget).Min(p => p.Seconds);
            var plan = auto.Make(facts, budget);
            Assert.NotNull(plan);
            Assert.InRange(plan.Prediction.PeakBytes, 1, budget);
            Assert.InRange(plan.Prediction.Seconds / best, 0, 1.02);
        }
    }

    [Fact]
    public void A_net_of_1207_layers_trains_in_a_seventh_and_in_a_twentieth_of_the_bytes()
    {
        var facts = Facts.Analytic("resnet1207", 32, new ModelOptions { Image = new Shape(3, 224, 224) });
        var all = new KeepAllPlanner().Make(facts, long.MaxValue)!.Prediction.PeakBytes;
        var planner = new OptimalPlanner();
        Assert.InRange(planner.Make(facts, all / 7)!.Overhead, 0, 0.30);
        Assert.InRange(planner.Make(facts, all / 20)!.Overhead, 0, 0.35);
    }
}
