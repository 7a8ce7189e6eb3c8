using Interactive.Engine.Tests.Memory;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>
/// Captured nets with modules in modes of their own, in-place activations, odd dropouts and gradients that arrive
/// transposed.
/// </summary>
public class ModulesOfOnesOwnTests
{
    private static readonly CrossEntropy Objective = new();

    private static void AssertSameBits(nn.Module<Tensor, Tensor> module, Shape shape, Tensor x, int classes,
        Action? mode = null, bool peak = true, int plans = 5)
    {
        module.train();
        mode?.Invoke();
        var graph = Graph.Capture(module, shape);
        var targets = new[] { randint(0, classes, x.shape[0], dtype: ScalarType.Int64) };
        var before = graph.modules().Select(m => m.training).ToArray();
        var plain = TrainingStep.From(graph, () =>
        {
            using var loss = Objective.Loss([module.call(x)], targets);
            loss.backward();
            return loss.item<float>();
        });
        var facts = Facts.Measured(graph, x.shape[0]);
        Assert.Equal(before, graph.modules().Select(m => m.training));
        var random = new Random(5);
        for (var plan = 0; plan < plans; plan++)
        {
            var schedule = new ScheduleBuilder(facts).Build(plan == 0 ? new Interactive.Memory.Retention(facts)
                : RandomPlans.Retention(facts, random, 0.5), "random");
            plain.AssertSame(TrainingStep.Planned(graph, schedule, null, [x], targets, out var most));
            if (peak) Assert.InRange((double)most / new ScheduleSimulator(facts).Run(schedule).PeakBytes, 0.98, 1.02);
        }
    }

    [Fact]
    public void A_batch_norm_in_evaluation_mode_uses_and_keeps_its_running_statistics()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (norm, last) = (nn.BatchNorm2d(8), nn.BatchNorm2d(8));
        norm.running_mean!.fill_(0.3);
        AssertSameBits(nn.Sequential(("c", nn.Conv2d(3, 8, 3)), ("bn", norm), ("r", nn.ReLU()),
            ("d", nn.Conv2d(8, 8, 3)), ("bn2", last), ("r2", nn.ReLU()), ("f", nn.Flatten()), ("l", nn.Linear(128, 5))),
            new Shape(3, 8, 8), randn(4, 3, 8, 8), 5, () => norm.eval());
        Assert.Equal((0L, false), (norm.num_batches_tracked!.item<long>(), norm.training));
    }

    private sealed class Inner : nn.Module<Tensor, Tensor>
    {
        public readonly TorchSharp.Modules.BatchNorm1d norm = nn.BatchNorm1d(6);
        private readonly TorchSharp.Modules.Linear linear = nn.Linear(6, 6);
        public Inner() : base("inner") => RegisterComponents();
        public override Tensor forward(Tensor x) => norm.call(linear.call(x));
    }

    [Fact]
    public void Capture_profiler_and_evaluation_leave_the_modes_of_inner_modules()
    {
        using var scope = NewDisposeScope();
        var inner = new Inner();
        AssertSameBits(nn.Sequential(("f", inner), ("b", nn.Linear(6, 4))), new Shape(6), randn(8, 6), 4,
            () => inner.norm.eval());
        Assert.True(inner.training);
        Assert.False(inner.norm.training);
        inner.norm.train();
        using var executor = new Executor(Graph.Capture(inner, new Shape(6)));
        var counted = inner.norm.num_batches_tracked!.item<long>();
        executor.Infer(randn(8, 6));
        Assert.Equal((counted, true), (inner.norm.num_batches_tracked!.item<long>(), inner.norm.training));
    }

    [Theory]
    [InlineData("leaky")]
    [InlineData("relu6")]
    [InlineData("silu")]
    public void A_module_may_write_over_its_input(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        nn.Module<Tensor, Tensor> activation = name switch
        {
            "leaky" => nn.LeakyReLU(0.2, true),
            "relu6" => nn.ReLU6(true),
            _ => nn.SiLU(true)
        };
        AssertSameBits(nn.Sequential(("a", nn.Linear(32, 2048)), ("m", activation), ("b", nn.Linear(2048, 4))),
            new Shape(32), randn(128, 32), 4);
    }

    [Theory]
    [InlineData(0.0, true)]
    [InlineData(1.0, true)]
    [InlineData(0.5, true)]
    [InlineData(0.5, false)]
    public void Dropout_at_its_ends_and_out_of_use(double probability, bool trains)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var dropout = nn.Dropout(probability);
        AssertSameBits(nn.Sequential(("a", nn.Linear(32, 64)), ("d", dropout), ("r", nn.ReLU()),
            ("b", nn.Linear(64, 4))), new Shape(32), randn(16, 32), 4,
            () => dropout.train(trains));
    }

    private sealed class Turn() : nn.Module<Tensor, Tensor>("turn")
    {
        public override Tensor forward(Tensor x) => x.transpose(1, 2);
    }

    [Fact]
    public void A_gradient_that_arrives_transposed()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        AssertSameBits(nn.Sequential(("a", nn.Linear(64, 6)), ("t", new Turn()), ("b", nn.Linear(3, 4)),
            ("f", nn.Flatten()), ("o", nn.Linear(24, 5))),
            new Shape(3, 64), randn(4, 3, 64), 5, peak: false);
    }

    private sealed class Decides : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear layer = nn.Linear(3, 4);
        public Decides() : base("decides") => RegisterComponents();
        public override Tensor forward(Tensor x)
            => matmul(x.sum().item<float>() > -1e9 ? x : -x, (layer.weight! * 1.5).t()) + layer.bias!;
    }

    // libtorch lays the samples of a turned input in one where the other factor wants a gradient, and multiplies them
    // one by one where it does not: other last bits on some processors.
    [Fact]
    public void What_is_made_again_of_a_turned_input_chooses_its_kernels_as_autograd_does()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        AssertSameBits(nn.Sequential(("a", nn.Linear(64, 6)), ("t", new Turn()), ("d", new Decides()),
            ("f", nn.Flatten()), ("o", nn.Linear(24, 5))),
            new Shape(3, 64), randn(4, 3, 64), 5, peak: false, plans: 12);

        var (decides, turned) = (new Decides(), randn(4, 3, 6).transpose(1, 2));
        using var plain = decides.call(turned);
        using var again = Checkpoint.Run(decides, turned);
        Assert.True(again.requires_grad);
        Assert.True(plain.Equals(again));
    }

    private sealed class Squeeze() : nn.Module<Tensor, Tensor>("squeeze")
    {
        public override Tensor forward(Tensor x) => x.sum();
    }

    [Fact]
    public void A_module_that_loses_the_samples_is_refused()
        => Assert.Contains("must have the samples first",
        Assert.Throws<GraphException>(() => Graph.Capture(new Squeeze(), new Shape(6))).Message);
}
