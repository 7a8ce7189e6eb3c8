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
    private static PlanningGraph Analytic(Graph graph, long batch)
    {
        var fused = Fusion.Fuse(graph);
        return new PlanningGraph(fused, AnalyticProfile.Of(fused, batch));
    }

    private static Schedule LeastOf(Graph graph, long batch) => OptimalPlanner.Front(Analytic(graph, batch))[0].Schedule;

    [Fact]
    public void Live_bytes_after_200_planned_steps_equal_those_after_20()
    {
        var meter = MemoryMeter.Current;
        Assert.True(meter.IsExact);
        using var scope = NewDisposeScope();
        var graph = SmallModels.Create("lenet5");
        using var executor = new Executor(graph, LeastOf(graph, 8));
        Assert.Contains(executor.Schedule.Steps.Where(s => s.Kind is StepKind.Forward or StepKind.ForwardOnly).CountBy(s => s.Id), r => r.Value > 1);
        var (x, y) = SmallModels.Batch(graph, 8);
        GC.Collect(); // tensors that other tests have forgotten must not go while bytes are counted
        GC.WaitForPendingFinalizers();
        long after20 = 0;
        for (var step = 1; step <= 200; step++)
        {
            executor.Step(x, y);
            if (step == 20) after20 = meter.LiveBytes;
        }
        Assert.Equal(after20, meter.LiveBytes);
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
        var announced = new Dictionary<nint, Tensor>();
        executor.GradientReady += p => announced.Add(p.Identity(), p.grad!.clone().DetachFromDisposeScope());
        executor.Step(x, y);
        foreach (var (key, parameter) in graph.named_parameters())
            Assert.True(announced[parameter.Identity()].Equals(parameter.grad!), key);
        Assert.Equal(graph.parameters().DistinctBy(p => p.Identity()).Count(), announced.Count);
    }

    /// <summary>What ops declare against what libtorch is seen to hold: outputs, statistics, indices, masks; and the peak of keep-all.</summary>
    [Theory]
    [InlineData("lenet5", 0.02)]
    [InlineData("googlenet", 0.10)]
    [InlineData("resnet18", 0.10)]
    [InlineData("mobilenet", 0.10)]
    [InlineData("vit", 0.10)]
    public void The_analytic_profile_has_the_measured_bytes(string name, double peakTolerance)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.train();
        // Twice: a finaliser in between may free bytes that others have left.
        var (measured, again) = (Profiler.Measure(graph, 8, repetitions: 1), Profiler.Measure(graph, 8, repetitions: 1));
        var fused = Fusion.Fuse(graph);
        var analytic = AnalyticProfile.Of(fused, 8);
        foreach (var (a, m, other) in analytic.Nodes.Zip(measured.Nodes, again.Nodes))
        {
            Assert.Equal((a.Name, a.OutputBytes), (m.Name, m.OutputBytes));
            Assert.True(a.ExtraBytes == m.ExtraBytes || a.ExtraBytes == other.ExtraBytes, $"{a.Name}: {a.ExtraBytes} declared, {m.ExtraBytes} measured");
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
