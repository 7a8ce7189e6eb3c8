using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

[Trait("Speed", "slow")]
public class ProfilerTests
{
    private const int Batch = 4;

    /// <summary>Plain autograd's peak, found node by node, against a step of plain autograd.</summary>
    [Theory]
    [InlineData("lenet5")]
    [InlineData("alexnet")]
    [InlineData("vgg19")]
    [InlineData("googlenet")]
    [InlineData("resnet18")]
    [InlineData("resnet50")]
    [InlineData("inceptionv4")]
    [InlineData("inceptionresnetv2")]
    [InlineData("mobilenet")]
    [InlineData("unet")]
    [InlineData("densenet121")]
    [InlineData("gpt")]
    [InlineData("vit")]
    public void Plain_is_known_without_being_run(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.train();
        var profile = Profiler.Measure(graph, Batch, repetitions: 1);
        var (x, y) = SyntheticBatch.For(graph, Batch);
        Plain(graph, x, y); // gradients exist from here on
        Assert.InRange((double)profile.PlainPeakBytes!.Value / Plain(graph, x, y), 0.98, 1.02);
    }

    /// <summary>A rectifier's gradient is a tensor of its own, which weighs most where layers are few.</summary>
    [Fact]
    public void Plain_is_known_of_few_rectified_layers()
    {
        using var scope = NewDisposeScope();
        var net = new GraphBuilder("few", new Shape(10));
        var graph = net.Build(net.Input.Linear(256).Relu().Linear(3));
        var profile = Profiler.Measure(graph, 64, repetitions: 1);
        var (x, y) = SyntheticBatch.For(graph, 64);
        Plain(graph, x, y);
        Assert.InRange((double)profile.PlainPeakBytes!.Value / Plain(graph, x, y), 0.999, 1.001);
        var hidden = 64 * 256 * 4;
        // the output, its gradient, the rectifier's
        Assert.InRange(profile.PlainPeakBytes!.Value, 3 * hidden, 3 * hidden + hidden / 4);
    }

    /// <summary>
    /// What is measured takes no more than the least plan and the biggest node's inputs, results and gradients.
    /// </summary>
    [Theory]
    [InlineData("resnet50")]
    [InlineData("unet")]
    [InlineData("gpt")]
    public void The_profile_is_made_inside_the_least_plan_and_one_node(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.train();
        Profiler.Measure(graph, Batch, repetitions: 1);
        var record = new AllocationRecorder(); // the meter's peak begins anew with every node that is tried
        record.Begin();
        Profile profile;
        try { profile = Profiler.Measure(graph, Batch, repetitions: 1); }
        finally { record.End(); }
        var peak = Peak(record.Sequence);
        var fused = Fusion.Fuse(graph);
        var least = LeastBudget.Find(new PlanningGraph(fused, profile)).Prediction.PeakBytes;
        var node = fused.Nodes.Max(n => WorkingSet(n, profile.Nodes[n.Id]));
        Assert.True(peak <= least + node,
            $"{peak:N0} for a least plan of {least:N0} and a node of {node:N0}; plain {profile.PlainPeakBytes:N0}");
    }

    private static long Peak(IReadOnlyList<Allocation> sequence)
    {
        var freed = sequence.ToLookup(a => a.Last ?? int.MaxValue, a => a.Bytes);
        var (live, peak) = (0L, 0L);
        for (var i = 0; i < sequence.Count; i++)
        {
            peak = Math.Max(peak, live += sequence[i].Bytes);
            live -= freed[i].Sum();
        }
        return peak;
    }

    // Inputs and output, a copy of each or their gradients, what the graph keeps, the kernels' own, and of the
    // parameters a gradient to begin with, autograd's, those that ways are compared with, and what kernels copy.
    private static long WorkingSet(Node node, NodeProfile profile)
        => 2 * node.Inputs.Sum(v => v.Bytes(Batch)) + 3 * node.Output.Bytes(Batch) + profile.ExtraBytes
        + Math.Max(profile.ForwardWorkspace, profile.BackwardWorkspace)
            + 6 * node.Op.Parameters.Sum(p => p.numel() * p.element_size());

    private static long Plain(Graph graph, Tensor input, Tensor target)
    {
        var meter = MemoryMeter.Current;
        var before = meter.LiveBytes;
        meter.ResetPeak();
        using (var output = graph.forward(input))
        using (var loss = Losses.CrossEntropy(output, target)) loss.backward();
        return meter.PeakBytes - before;
    }
}
