using Interactive.Engine.Tests.Memory;
using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>Mixed precision: bits of autograd with the casts written out, bytes as predicted.</summary>
public class PrecisionTests
{
    [Fact]
    public void A_small_net_has_the_bits_of_casts_written_by_hand()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var builder = new GraphBuilder("small", new Shape(3, 8, 8));
        var trunk = builder.Input.Conv(16, 3, padding: 1, name: "conv").BatchNorm("norm").Relu().MaxPool(2);
        var y = trunk.Conv(16, 3, padding: 1, bias: false, name: "inner").Add(trunk).Relu().AdaptiveAvgPool(1)
            .Flatten();
        var graph = builder.Build(y.Linear(32, name: "wide").LayerNorm("layer").Gelu().Linear(5, name: "last"));
        graph.Precision = Precision.BFloat16;
        graph.train();
        var (x, target) = SmallModels.Batch(graph, 4);

        var expected = TrainingStep.From(graph, () =>
        {
            var p = graph.named_parameters().ToDictionary(e => e.name, e => e.parameter);
            var b = graph.named_buffers().ToDictionary(e => e.name, e => e.buffer);
            var h = nn.functional.conv2d(Low(x), Low(p["conv.weight"]), Low(p["conv.bias"]), padding: [1, 1]);
            using (no_grad()) b["norm.num_batches_tracked"].add_(1);
            h = nn.functional.batch_norm(h, b["norm.running_mean"], b["norm.running_var"], p["norm.weight"],
                p["norm.bias"], training: true, 0.1, 1e-5);
            var t = nn.functional.max_pool2d(nn.functional.relu(h), [2, 2]);
            h = nn.functional.conv2d(t, Low(p["inner.weight"]), padding: [1, 1]).add(t);
            h = nn.functional.adaptive_avg_pool2d(nn.functional.relu(h), 1).flatten(1);
            h = nn.functional.linear(h, Low(p["wide.weight"]), Low(p["wide.bias"]));
            h = nn.functional.layer_norm(Full(h), [32], p["layer.weight"], p["layer.bias"], 1e-5);
            h = nn.functional.linear(Low(nn.functional.gelu(h)), Low(p["last.weight"]), Low(p["last.bias"]));
            var loss = nn.functional.cross_entropy(Full(h), target);
            loss.backward();
            return loss.item<float>();
        });
        expected.AssertSame(TrainingStep.Plain(graph, x, target));
        using var executor = new Executor(graph);
        expected.AssertSame(TrainingStep.From(graph, () => executor.Step(x, target)));
        Assert.All(graph.parameters(),
            p => Assert.Equal((ScalarType.Float32, ScalarType.Float32), (p.dtype, p.grad!.dtype)));

        static Tensor Low(Tensor tensor) => tensor.to_type(ScalarType.BFloat16);
        static Tensor Full(Tensor tensor) => tensor.to_type(ScalarType.Float32);
    }

    [Theory]
    [Trait("Speed", "slow")]
    [MemberData(nameof(SmallModels.Names), MemberType = typeof(SmallModels))]
    public void Steps_have_the_bits_of_plain_autograd_under_the_same_rules(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.Precision = Precision.BFloat16;
        graph.train();
        var (x, y) = SmallModels.Batch(graph);
        using var executor = new Executor(graph);
        var planned = new Executor(graph, OptimalPlanner.Front(Facts.Analytic(graph, 2))[0].Schedule);
        var plain = TrainingStep.Plain(graph, x, y);
        plain.AssertSame(TrainingStep.From(graph, () => executor.Step(x, y)));
        plain.AssertSame(TrainingStep.From(graph, () => planned.Step(x, y)));
    }

    [Theory]
    [Trait("Speed", "slow")]
    [InlineData("lenet5")]
    [InlineData("mobilenet")]
    [InlineData("gpt")]
    [InlineData("vit")]
    public void The_predicted_peak_is_the_measured_one(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.Precision = Precision.BFloat16;
        graph.train();
        var (x, y) = SmallModels.Batch(graph, 8);
        var facts = Facts.Measured(graph, 8);
        var front = OptimalPlanner.Front(facts);
        foreach (var plan in new[] { new KeepAllPlanner().Make(facts,
            long.MaxValue)!, front[0], front[front.Count / 2] })
        {
            TrainingStep.Plain(graph, x, y).AssertSame(TrainingStep.Planned(graph, plan.Schedule, x, y, out var peak));
            Assert.InRange((double)plan.Prediction.PeakBytes / peak, 0.98, 1.02);
        }
        var plain = LiveTensors.Peak(() => TrainingStep.Autograd(graph, new CrossEntropy(), [x], [y]));
        Assert.InRange((double)facts.Profile.PlainPeakBytes! / plain, 0.98, 1.02);
    }

    [Fact]
    public void Profiles_of_two_precisions_are_kept_apart_and_activations_are_half_as_large()
    {
        using var scope = NewDisposeScope();
        var graph = Zoo.Create("resnet18", new ModelOptions { Image = new Shape(3, 32, 32), ShapesOnly = true });
        long Peak() => new KeepAllPlanner().Make(Facts.Analytic(graph, 16), long.MaxValue)!.Prediction.PeakBytes;
        var full = Peak();
        graph.Precision = Precision.BFloat16;
        Assert.Contains(Fusion.Fuse(graph).Nodes, n => n.Output.Type == ScalarType.BFloat16);
        Assert.InRange((double)Peak() / full, 0.3, 0.62);
        Assert.Equal(ScalarType.Float32, Fusion.Fuse(graph).Output.Type);
    }

    [Fact]
    public void Inference_follows_the_rules_and_gives_fp32()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create("lenet5");
        var (x, _) = SmallModels.Batch(graph, 3);
        using var full = new Executor(graph);
        var expected = full.Infer(x);
        graph.Precision = Precision.BFloat16;
        using var mixed = new Executor(graph);
        var (got, plain) = (mixed.Infer(x), graph.forward(x));
        Assert.Equal(ScalarType.Float32, got.dtype);
        Assert.True(got.Equals(plain));
        Assert.False(got.Equals(expected));
        Assert.InRange((got - expected).abs().max().item<float>(), 0, 0.05f);
    }

    [Fact]
    public void Live_bytes_after_200_steps_equal_those_after_20()
    {
        using var scope = NewDisposeScope();
        var graph = SmallModels.Create("lenet5");
        graph.Precision = Precision.BFloat16;
        using var executor = new Executor(graph);
        var (x, y) = SmallModels.Batch(graph, 2);
        StepChecks.LiveBytesSettle(executor, x, y);
        StepChecks.AnnouncesOnce(executor, graph, x, y);
    }

    [Fact]
    public void A_rule_stands_for_every_kind_of_op_once()
    {
        Assert.Equal(PrecisionRules.All.Count(), PrecisionRules.All.DistinctBy(r => r.Kind).Count());
        var kinds =
            Zoo.Names.SelectMany(name
            => Zoo.Create(name, new ModelOptions { ShapesOnly = true }).Nodes.Select(n => n.Op.Kind)).Distinct();
        Assert.Empty(kinds.Except(PrecisionRules.All.Select(r => r.Kind)));
    }

    /// <summary>
    /// Bytes that are taken from a leaf are given back as the leaf's type: else autograd forgets its gradient.
    /// </summary>
    [Fact]
    public void A_float64_net_gets_all_gradients_through_ops_that_autograd_runs()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var builder = new GraphBuilder("double", new Shape(3, 8, 8), ScalarType.Float64);
        var graph =
            builder.Build(builder.Input.Conv(8, 3).AdaptiveAvgPool(2).Conv(4, 1).AdaptiveAvgPool(1).Flatten()
            .Linear(3));
        graph.to(ScalarType.Float64);
        Tensor x = randn([2, 3, 8, 8], ScalarType.Float64), y = zeros(2, ScalarType.Int64);
        using var executor = new Executor(graph);
        var got = TrainingStep.From(graph, () => executor.Step(x, y));
        TrainingStep.Plain(graph, new CrossEntropy(), [x], [y]).AssertSame(got);
        Assert.Equal(6, got.Tensors.Count);
    }

    [Fact]
    public void Bad_input_is_one_clear_line()
    {
        Assert.Equal("unknown precision 'fp8': choose fp32 or bf16",
            Assert.Throws<UsageException>(() => Precision.Parse("fp8")).Message);
        using var scope = NewDisposeScope();
        var graph = SmallModels.Create("lenet5");
        graph.to(ScalarType.BFloat16);
        Assert.Contains("keeps fp32 parameters beside it",
            Assert.Throws<UsageException>(() => graph.Precision = Precision.BFloat16).Message);
    }
}
