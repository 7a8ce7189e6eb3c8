using Interactive.Engine.Tests.Memory;
using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>Channels last: bits of autograd over tensors laid so, bytes as predicted.</summary>
public class MemoryFormatTests
{
    [Fact]
    public void A_small_net_has_the_bits_of_a_module_given_a_batch_laid_so()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var builder = new GraphBuilder("small", new Shape(3, 8, 8));
        var trunk = builder.Input.Conv(16, 3, padding: 1, name: "conv").BatchNorm("norm").Relu().MaxPool(2);
        var y = trunk.Conv(16, 3, padding: 1, bias: false, name: "inner").Add(trunk).Relu().Flatten();
        var graph = builder.Build(y.Linear(5, name: "last"));
        graph.MemoryFormat = MemoryFormat.ChannelsLast;
        graph.train();
        var (x, target) = SmallModels.Batch(graph, 4);

        var expected = TrainingStep.From(graph, () =>
        {
            var p = graph.named_parameters().ToDictionary(e => e.name, e => e.parameter);
            var b = graph.named_buffers().ToDictionary(e => e.name, e => e.buffer);
            var laid = x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
            var h = nn.functional.conv2d(laid, p["conv.weight"], p["conv.bias"], padding: [1, 1]);
            using (no_grad()) b["norm.num_batches_tracked"].add_(1);
            h = nn.functional.batch_norm(h, b["norm.running_mean"], b["norm.running_var"], p["norm.weight"],
                p["norm.bias"], training: true, 0.1, 1e-5);
            var t = nn.functional.max_pool2d(nn.functional.relu(h), [2, 2]);
            Assert.True(ChannelsLast.Has(t));
            h = nn.functional.relu(nn.functional.conv2d(t, p["inner.weight"], padding: [1, 1]).add(t));
            h = nn.functional.linear(h.contiguous().flatten(1), p["last.weight"], p["last.bias"]);
            var loss = nn.functional.cross_entropy(h, target);
            loss.backward();
            return loss.item<float>();
        });
        expected.AssertSame(TrainingStep.Plain(graph, x, target));
        using var executor = new Executor(graph);
        expected.AssertSame(TrainingStep.From(graph, () => executor.Step(x, target)));
        Assert.All(graph.parameters(), p => Assert.True(p.is_contiguous() && p.grad!.is_contiguous()));
    }

    public static TheoryData<string, string> Nets()
    {
        var all = new TheoryData<string, string>();
        foreach (var name in (string[])["lenet5", "alexnet", "vgg16", "googlenet", "mobilenet", "mobilenetv2", "densenet121", "unet", "resnet18", "resnet50", "vit"])
            foreach (var precision in (string[])["fp32", "bf16"]) all.Add(name, precision);
        return all;
    }

    [Theory]
    [Trait("Speed", "slow")]
    [MemberData(nameof(Nets))]
    public void Steps_have_the_bits_of_plain_autograd_under_the_same_rules(string name, string precision)
    {
        using var scope = NewDisposeScope();
        var graph = Laid(name, precision);
        var (x, y) = SmallModels.Batch(graph);
        using var executor = new Executor(graph);
        var planned = new Executor(graph, OptimalPlanner.Front(Facts.Analytic(graph, 2))[0].Schedule);
        var plain = TrainingStep.Plain(graph, x, y);
        plain.AssertSame(TrainingStep.From(graph, () => executor.Step(x, y)));
        plain.AssertSame(TrainingStep.From(graph, () => planned.Step(x, y)));
    }

    [Theory]
    [Trait("Speed", "slow")]
    [InlineData("resnet18", "fp32")]
    [InlineData("resnet18", "bf16")]
    [InlineData("mobilenet", "fp32")]
    [InlineData("unet", "fp32")]
    public void The_predicted_peak_is_the_measured_one(string name, string precision)
    {
        using var scope = NewDisposeScope();
        var graph = Laid(name, precision);
        var (x, y) = SmallModels.Batch(graph, 8);
        var facts = Facts.Measured(graph, 8);
        var front = OptimalPlanner.Front(facts);
        foreach (var plan in new[] { new KeepAllPlanner().Make(facts, long.MaxValue)!, front[0], front[front.Count / 2] })
        {
            TrainingStep.Plain(graph, x, y).AssertSame(TrainingStep.Planned(graph, plan.Schedule, x, y, out var peak));
            Assert.InRange((double)plan.Prediction.PeakBytes / peak, 0.98, 1.02);
        }
    }

    [Theory]
    [InlineData(false, 1, 4)]
    [InlineData(false, 2, 4)]
    [InlineData(false, 1, 1)]
    [InlineData(false, 2, 1)]
    [InlineData(true, 1, 4)]
    [InlineData(true, 2, 4)]
    public void Upsampling_and_transposed_convolutions_follow(bool bilinear, int threads, int batch)
    {
        using var scope = NewDisposeScope();
        var before = get_num_threads();
        set_num_threads(threads); // libtorch chooses kernels by it, and by the batch
        try { Follow(bilinear, batch); }
        finally { set_num_threads(before); }
    }

    private static void Follow(bool bilinear, int batch)
    {
        manual_seed(1);
        var builder = new GraphBuilder("up", new Shape(3, 8, 8));
        var down = builder.Input.Conv(16, 3, padding: 1, name: "conv").Relu();
        var small = down.AvgPool(2).Conv(16, 3, padding: 1, name: "inner");
        var up = small.Upsample(2, bilinear).Concat(down, small.ConvTranspose(16, 2, stride: 2, name: "out"));
        var graph = builder.Build(up.Conv(4, 1, name: "last"));
        graph.MemoryFormat = MemoryFormat.ChannelsLast;
        graph.train();
        Assert.Equal(2, Fusion.Fuse(graph).Nodes.Count(n => n.Op.Kind == "lay")); // the batch and the output
        var (x, y) = SmallModels.Batch(graph, batch);
        using var executor = new Executor(graph);
        TrainingStep.Plain(graph, x, y).AssertSame(TrainingStep.From(graph, () => executor.Step(x, y)));
    }

    [Fact]
    public void Convolutions_and_what_follows_are_laid_so_and_outputs_are_contiguous()
    {
        using var scope = NewDisposeScope();
        var graph = SmallModels.Create("resnet18");
        Assert.DoesNotContain(Fusion.Fuse(graph).Nodes, n => n.Op.Kind == "lay");
        graph.MemoryFormat = MemoryFormat.ChannelsLast;
        var laid = Fusion.Fuse(graph);
        Assert.Equal(2, laid.Nodes.Count(n => n.Op.Kind == "lay")); // the batch, and what the last pooling gives
        Assert.All(laid.Nodes.Where(n => n.Op.Kind.StartsWith("conv2d", StringComparison.Ordinal)
            && n.Output.Shape[1] > 1), n => Assert.Equal(MemoryFormat.ChannelsLast, n.Output.Format));
        var unet = SmallModels.Create("unet");
        unet.MemoryFormat = MemoryFormat.ChannelsLast;
        Assert.Equal(MemoryFormat.Contiguous, Fusion.Fuse(unet).Output.Format);
    }

    [Fact]
    public void Live_bytes_after_200_steps_equal_those_after_20()
    {
        using var scope = NewDisposeScope();
        var graph = SmallModels.Create("lenet5");
        graph.MemoryFormat = MemoryFormat.ChannelsLast;
        using var executor = new Executor(graph);
        var (x, y) = SmallModels.Batch(graph, 2);
        StepChecks.LiveBytesSettle(executor, x, y);
    }

    private static Graph Laid(string name, string precision)
    {
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.Precision = Precision.Parse(precision);
        graph.MemoryFormat = MemoryFormat.ChannelsLast;
        graph.train();
        return graph;
    }

    // Masking counts on the order of memory alone: another type, or another device, takes no bytes more.
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void A_gradient_that_lies_as_the_output_does_is_masked_where_it_is(ScalarType type)
    {
        using var scope = NewDisposeScope();
        Tensor output = randn(2, 3, 4, 5).to_type(type), laid = ChannelsLast.Of(output);
        foreach (var lies in new[] { output, laid })
        {
            var gradient = new SharedGradient(ones_like(lies));
            Assert.Same(gradient, gradient.Masked(lies));
            Assert.True(gradient.Tensor.Equals(lies.gt(0).to_type(type)));
        }
        var other = new SharedGradient(ones_like(output)).Masked(laid);
        Assert.True(ChannelsLast.Has(other.Tensor) && other.Tensor.Equals(output.gt(0).to_type(type)));
    }

    [Fact]
    public void Another_word_is_refused_in_one_line()
        => Assert.Equal("unknown memory format 'nhwc': choose contiguous or channels-last",
            Assert.Throws<UsageException>(() => MemoryFormat.Parse("nhwc")).Message);
}
