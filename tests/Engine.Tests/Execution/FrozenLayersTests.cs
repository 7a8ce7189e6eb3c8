using Interactive.Engine.Tests.Memory;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>
/// Layers whose parameters are frozen: what lies before the first trained one costs backward nothing.
/// </summary>
public class FrozenLayersTests
{
    private static Graph Net()
    {
        var net = new GraphBuilder("frozen", new Shape(3, 12, 12));
        var x = net.Input.Conv(16, 3, padding: 1, name: "conv1").BatchNorm("norm1").Relu();
        x = x.Add(x.Conv(16, 3, padding: 1, name: "conv2").BatchNorm("norm2")).Relu().MaxPool(2);
        x = x.Concat(x.Conv(8, 3, padding: 1, name: "conv3").Relu().Dropout(0.2)).BatchNorm("norm3").Relu();
        x = x.Conv(16, 3, padding: 1, name: "conv4").BatchNorm("norm4").Relu().Flatten();
        return net.Build(x.Linear(64, name: "fc1").Gelu().Linear(10, name: "fc2"));
    }

    private static void Freeze(Graph graph, params string[] prefixes)
    {
        foreach (var (name,
            parameter) in graph.named_parameters()) parameter.requires_grad_(!prefixes
            .Any(p => name.StartsWith(p, StringComparison.Ordinal)));
    }

    private static (Tensor[] Inputs, Tensor[] Targets) Batch()
        => ([randn(4, 3, 12, 12)], [randint(0, 10, 4, dtype: ScalarType.Int64)]);

    [Theory]
    [InlineData("conv1", "norm1")]
    [InlineData("conv1", "norm1", "conv2", "norm2", "conv3", "norm3")]
    [InlineData("conv2", "norm3", "fc1")]
    [InlineData("norm1", "norm2", "norm3", "norm4")]
    [InlineData("conv", "norm", "fc1")]
    public void Any_plan_has_plain_bits_and_the_predicted_peak(params string[] frozen)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Net();
        Freeze(graph, frozen);
        var (inputs, targets) = Batch();
        RandomPlans.AssertBitsAndPeaks(graph, null, inputs, targets);
    }

    [Fact]
    public void A_frozen_prefix_takes_no_more_than_under_plain_autograd()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new GraphBuilder("backbone", new Shape(256));
        var x = net.Input.Linear(2048, name: "a").Gelu().Linear(2048, name: "b").Gelu().Linear(2048, name: "c").Gelu();
        var graph = net.Build(x.Linear(10, name: "head"));
        Freeze(graph, "a", "b", "c");
        var (input, target) = (randn(64, 256), randint(0, 10, 64, dtype: ScalarType.Int64));
        var facts = Facts.Measured(graph, 64);
        var keepAll = new KeepAllPlanner().Make(facts, long.MaxValue)!;
        Assert.InRange(keepAll.Prediction.PeakBytes, 0, facts.Profile.PlainPeakBytes!.Value);
        TrainingStep.Planned(graph, keepAll.Schedule, input, target, out var peak);
        Assert.Equal(keepAll.Prediction.PeakBytes, peak);
        Assert.DoesNotContain(keepAll.Schedule.Steps, s => s.Kind == StepKind.Backward && s.Id < 6);
    }

    [Fact]
    public void Nothing_trained_is_a_step_without_backward()
    {
        using var scope = NewDisposeScope();
        var graph = Net();
        foreach (var parameter in graph.parameters()) parameter.requires_grad_(false);
        using var executor = new Executor(graph);
        var (inputs, targets) = Batch();
        manual_seed(4);
        var loss = executor.Step(inputs, targets);
        manual_seed(4);
        Assert.Equal(nn.functional.cross_entropy(graph.forward(inputs[0]), targets[0]).item<float>(), loss);
        Assert.DoesNotContain(executor.Schedule.Steps, s => s.Kind == StepKind.Backward);
    }

    [Fact]
    public void A_change_of_what_is_trained_is_refused_and_named()
    {
        using var scope = NewDisposeScope();
        var graph = Net();
        Freeze(graph, "conv1");
        using var executor = new Executor(graph);
        var schedule = executor.Schedule;
        var (inputs, targets) = Batch();
        executor.Step(inputs, targets);
        Assert.True(executor.IsCurrent);
        Freeze(graph);
        Assert.False(executor.IsCurrent);
        Assert.Contains("conv1 was frozen or freed",
            Assert.Throws<UsageException>(() => executor.Step(inputs, targets)).Message);
        Assert.Contains("conv1 is to be trained and never runs backward",
            Assert.Throws<UsageException>(() => new Executor(graph, schedule)).Message);
    }
}
