using Interactive.Engine.Tests.Execution;
using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Memory;

/// <summary>Many steps under a plan, and what it promises to those who listen.</summary>
public class PlannedStepTests
{
    private static Schedule LeastOf(Graph graph, long batch)
        => OptimalPlanner.Front(Facts.Analytic(graph, batch))[0].Schedule;

    [Fact]
    public void Live_bytes_after_200_planned_steps_equal_those_after_20()
    {
        using var scope = NewDisposeScope();
        var graph = SmallModels.Create("lenet5");
        using var executor = new Executor(graph, LeastOf(graph, 8));
        Assert.Contains(executor.Schedule.Steps.Where(s => s.Kind is StepKind.Forward or StepKind.ForwardOnly)
            .CountBy(s => s.Id), r => r.Value > 1);
        var (x, y) = SmallModels.Batch(graph, 8);
        StepChecks.LiveBytesSettle(executor, x, y);
    }

    [Theory]
    [InlineData("gpt")]
    [InlineData("resnet18")]
    public void A_gradient_is_announced_once_per_parameter_however_often_nodes_run(string name)
    {
        using var scope = NewDisposeScope();
        var graph = SmallModels.Create(name);
        graph.train();
        using var executor = new Executor(graph, LeastOf(graph, 2));
        var (x, y) = SmallModels.Batch(graph);
        StepChecks.AnnouncesOnce(executor, graph, x, y);
    }

    /// <summary>
    /// What ops declare against what libtorch is seen to hold: outputs, statistics, indices, masks; and the peak of
    /// keep-all.
    /// </summary>
    [Theory]
    [InlineData("lenet5", 0.02)]
    [InlineData("googlenet", 0.10)]
    [InlineData("resnet18", 0.10)]
    [InlineData("mobilenet", 0.10)]
    [InlineData("vit", 0.10)]
    [InlineData("gpt", 0.10)]
    public void The_analytic_profile_has_the_measured_bytes(string name, double peakTolerance)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.train();
        // Twice: a finaliser in between may free bytes that others have left.
        var (measured, again) = (Profiler.Measure(graph, 8, repetitions: 1),
            Profiler.Measure(graph, 8, repetitions: 1));
        var fused = Fusion.Fuse(graph);
        var analytic = AnalyticProfile.Of(fused, 8);
        foreach (var (a, m, other) in analytic.Nodes.Zip(measured.Nodes, again.Nodes))
        {
            Assert.Equal((a.Name, a.OutputBytes), (m.Name, m.OutputBytes));
            Assert.True(a.ExtraBytes == m.ExtraBytes || a.ExtraBytes == other.ExtraBytes,
                $"{a.Name}: {a.ExtraBytes} declared, {m.ExtraBytes} measured");
        }
        var keepAll = new Retention(new PlanningGraph(fused, analytic));
        long Kept(Profile profile)
        {
            var facts = new PlanningGraph(fused, profile);
            var line = new List<TimelinePoint>();
            new ScheduleSimulator(facts).Run(new ScheduleBuilder(facts).Build(keepAll, "keep-all"), line);
            return line.Max(p => p.LiveBytes);
        }
        Assert.InRange((double)Kept(analytic) / Kept(measured), 1 - peakTolerance, 1 + peakTolerance);
    }
}
