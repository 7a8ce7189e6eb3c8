using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Memory;

[Trait("Speed", "slow")]
public class SimulatorTests
{
    /// <summary>
    /// Random plans: the same bits as plain autograd, and the peak that the simulator says within 2 %.
    /// </summary>
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
    public void Any_plan_has_plain_bits_and_the_predicted_peak(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.train();
        var facts = Facts.Measured(graph, 2);
        var builder = new ScheduleBuilder(facts);
        var (x, y) = SmallModels.Batch(graph);
        var expected = TrainingStep.Plain(graph, x, y);
        var random = new Random(name.Length);

        foreach (var density in new[] { 0.3, 0.9 })
        {
            var schedule = builder.Build(RandomPlans.Retention(facts, random, density), "random");
            var predicted = new ScheduleSimulator(facts).Run(schedule);
            var actual = TrainingStep.Planned(graph, schedule, x, y, out var peak);
            Assert.Equal(predicted.PeakBytes, new ScheduleSimulator(facts).Peak(schedule).Sum(share => share.Bytes));
            expected.AssertSame(actual);
            Assert.InRange((double)peak / predicted.PeakBytes, 0.98, 1.02);
        }
    }

    [Fact]
    public void Modules_that_the_graph_does_not_know_run_again_with_plain_bits()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = nn.Sequential(("conv", nn.Conv2d(3, 8, 3, padding: 1)), ("first", new Uneven()), ("relu", nn.ReLU()),
            ("second", new Uneven()), ("flat", nn.Flatten()), ("fc", nn.Linear(512, 10)));
        var graph = Graph.Capture(net, new Shape(3, 8, 8));
        graph.train();
        var facts = Facts.Measured(graph, 4);
        var (x, y) = (randn(4, 3, 8, 8), randint(0, 10, 4, dtype: ScalarType.Int64));
        var expected = TrainingStep.Plain(graph, x, y);
        var random = new Random(1);
        var again = 0;
        for (var plan = 0; plan < 20; plan++)
        {
            var schedule = new ScheduleBuilder(facts).Build(RandomPlans.Retention(facts, random, 0.8), "random");
            again += schedule.Steps.Where(s
                => (s.Kind is StepKind.Forward or StepKind.ForwardOnly) && facts.Graph.Nodes[s.Id].Op.Kind == "opaque")
                .CountBy(s => s.Id).Count(r => r.Value > 1);
            expected.AssertSame(TrainingStep.Planned(graph, schedule, x, y, out _));
        }
        Assert.True(again > 5);
    }

    private sealed class Normed : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Conv2d mix = nn.Conv2d(16, 16, 1);
        private readonly TorchSharp.Modules.BatchNorm2d norm = nn.BatchNorm2d(16);
        public Normed() : base("normed") => RegisterComponents();
        // its output is saved by nobody
        public override Tensor forward(Tensor x) => norm.forward(mix.forward(x).relu() * 0.5);
    }

    private sealed class Squashed() : nn.Module<Tensor, Tensor>("squashed")
    {
        public override Tensor forward(Tensor x) => (x + 1).tanh(); // its output is what backward reads
    }

    private static TorchSharp.Modules.Sequential OfUnknownModules() => nn.Sequential(
        ("conv", nn.Conv2d(3, 16, 3, padding: 1)), ("a", new Normed()), ("b", new Squashed()), ("relu", nn.ReLU()),
            ("c", new Normed()),
        ("down", nn.Conv2d(16, 16, 3, padding: 1)), ("d", new Squashed()), ("pool", nn.MaxPool2d(8)),
            ("flat", nn.Flatten()), ("fc", nn.Linear(16 * 8 * 8, 10)));

    [Fact]
    public void The_peak_with_modules_that_the_graph_does_not_know_is_the_predicted_one()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Graph.Capture(OfUnknownModules(), new Shape(3, 64, 64));
        graph.train();
        var facts = Facts.Measured(graph, 4);
        var (x, y) = (randn(4, 3, 64, 64), randint(0, 10, 4, dtype: ScalarType.Int64));
        var expected = TrainingStep.Plain(graph, x, y);
        var random = new Random(2);
        for (var plan = 0; plan < 12; plan++)
        {
            var schedule = new ScheduleBuilder(facts).Build(plan == 0 ? new Retention(facts)
                : RandomPlans.Retention(facts, random, 0.6), "random");
            expected.AssertSame(TrainingStep.Planned(graph, schedule, x, y, out var peak));
            Assert.InRange((double)peak / new ScheduleSimulator(facts).Run(schedule).PeakBytes, 0.98, 1.02);
        }
    }

    /// <summary>Runs otherwise for an odd number of samples: it cannot be seen into. It holds a batch norm.</summary>
    private sealed class Uneven : nn.Module<Tensor, Tensor>
    {
        private readonly Interactive.Engine.Tests.Graphs.CaptureTests.Gated gated = new();
        public Uneven() : base("uneven") => RegisterComponents();
        public override Tensor forward(Tensor x) => x.shape[0] % 2 == 0 ? gated.call(x) : gated.call(gated.call(x));
    }
}
