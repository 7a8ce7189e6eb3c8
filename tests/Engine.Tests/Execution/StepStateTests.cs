using Interactive.Engine.Tests.Memory;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>
/// Loops that compute the gradients of the outputs themselves: a forward, a loss of one's own, a backward.
/// </summary>
public class StepStateTests
{
    private static Graph Net(string name, long inputs, long outputs)
    {
        var net = new GraphBuilder(name, new Shape(inputs));
        return net.Build(net.Input.Linear(64, name: "a").Relu().LayerNorm().Linear(64, name: "b").Gelu().Linear(outputs,
            name: "c"));
    }

    private static Dictionary<string, Tensor> Gradients(Graph graph)
        => graph.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone());

    private static void Clear(params Graph[] graphs)
    {
        foreach (var parameter in graphs.SelectMany(g => g.parameters())) parameter.grad = null;
    }

    private static void AssertSame(Dictionary<string, Tensor> expected, Graph graph)
    {
        foreach (var (name, gradient) in Gradients(graph)) Assert.True(expected[name].Equals(gradient), name);
    }

    private static Schedule Least(Graph graph, long batch)
    {
        var plan = LeastBudget.Find(Facts.Measured(graph, batch));
        Assert.True(plan.Prediction.Recomputes > 0);
        return plan.Schedule;
    }

    [Fact]
    public void Forward_and_backward_are_a_step()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Net("net", 16, 8);
        var (x, y) = (randn(32, 16), randn(32, 8));
        nn.functional.mse_loss(graph.forward(x), y).backward();
        var expected = Gradients(graph);
        foreach (var schedule in new[] { null, Least(graph, 32) })
        {
            Clear(graph);
            using var executor = new Executor(graph, schedule);
            using var step = executor.Forward(x);
            nn.functional.mse_loss(step.Outputs[0], y).backward();
            Assert.Null(Assert.Single(step.Backward()));
            AssertSame(expected, graph);
            Assert.Throws<UsageException>(() => step.Backward());
        }
    }

    [Fact]
    public void Two_forwards_in_flight_share_a_loss()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Net("pairs", 16, 8);
        var (one, two) = (randn(32, 16), randn(32, 16));
        Tensor Contrast(Tensor a, Tensor b)
            => nn.functional.cross_entropy(a.mm(b.t()), arange(32, dtype: ScalarType.Int64));
        Contrast(graph.forward(one), graph.forward(two)).backward();
        var expected = Gradients(graph);
        Clear(graph);
        using var executor = new Executor(graph, Least(graph, 32));
        using var first = executor.Forward(one);
        using var second = executor.Forward(two);
        Contrast(first.Outputs[0], second.Outputs[0]).backward();
        second.Backward();
        first.Backward();
        AssertSame(expected, graph);
    }

    [Fact]
    public void A_generator_learns_from_the_gradient_of_a_discriminators_input()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (generator, discriminator) = (Net("generator", 4, 16), Net("discriminator", 16, 1));
        var (noise, truth) = (randn(32, 4), ones(32, 1));
        nn.functional.binary_cross_entropy_with_logits(discriminator.forward(generator.forward(noise)), truth)
            .backward();
        var (expected, ofDiscriminator) = (Gradients(generator), Gradients(discriminator));
        Clear(generator, discriminator);
        discriminator.InputGradients = true;
        using var makes = new Executor(generator, Least(generator, 32));
        using var tells = new Executor(discriminator, Least(discriminator, 32));
        using var made = makes.Forward(noise);
        using var told = tells.Forward(made.Outputs[0].detach());
        nn.functional.binary_cross_entropy_with_logits(told.Outputs[0], truth).backward();
        var arriving = told.Backward();
        made.Backward(arriving);
        AssertSame(expected, generator);
        AssertSame(ofDiscriminator, discriminator);
    }

    [Fact]
    public void A_frozen_discriminator_makes_its_inputs_gradient_alone()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Net("frozen", 16, 1);
        foreach (var parameter in graph.parameters()) parameter.requires_grad_(false);
        graph.InputGradients = true;
        var x = randn(32, 16).requires_grad_(true);
        graph.forward(x).mean().backward();
        using var executor = new Executor(graph);
        using var step = executor.Forward(x);
        step.Outputs[0].mean().backward();
        Assert.True(step.Backward()[0]!.Equals(x.grad!));
        Assert.All(graph.parameters(), p => Assert.Null(p.grad));
    }

    [Fact]
    public void What_is_given_up_leaves_nothing_behind()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Net("net", 16, 8);
        using var executor = new Executor(graph);
        var x = randn(32, 16);
        using (executor.Forward(x))
        using (var once = executor.Forward(x)) once.Backward([ones(32, 8)]); // scalars that are kept come into being
        Clear(graph);
        LiveTensors.Settle();
        var before = Interactive.Runtime.MemoryMeter.Current.LiveBytes;
        using (NewDisposeScope())
            for (var i = 0; i < 5; i++)
            {
                using var dropped = executor.Forward(x);
                using var run = executor.Forward(x);
                run.Backward([ones(32, 8)]);
            }
        Clear(graph);
        LiveTensors.Settle();
        Assert.Equal(before, Interactive.Runtime.MemoryMeter.Current.LiveBytes);
    }

    [Fact]
    public void Another_batch_than_planned_for_has_autograds_bits()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new GraphBuilder("parts", new Shape(64, 4, 4));
        var graph =
            net.Build(net.Input.Conv(256, 3, padding: 1, bias: false).Relu().Conv(256, 3, padding: 1).Relu().Flatten()
            .Linear(512).Relu().Linear(10));
        var facts = Facts.Measured(graph, 4);
        var plan = LeastBudget.Find(facts);
        Assert.Contains(plan.Schedule.Steps, s => s.Kind == StepKind.ParameterGradients);
        Tensor[] inputs = [randn(3, 64, 4, 4)], targets = [randint(0, 10, 3, dtype: ScalarType.Int64)];
        TrainingStep.Plain(graph, new CrossEntropy(), inputs, targets)
            .AssertSame(TrainingStep.Planned(graph, plan.Schedule, null, inputs, targets, out _));
    }

    // Asks for more than there is, in forward or in backward.
    private sealed class Greedy(bool inBackward) : Op, IDirectUnary
    {
        public override string Kind => "greedy";
        public override (Shape Shape, ScalarType Type) Infer(IReadOnlyList<Value> inputs)
            => (inputs[0].Shape, inputs[0].Type);
        public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
            => inBackward ? inputs[0].clone() : empty([20_000_000_000_000]);
        public bool RunsDirect(Tensor input) => true;

        public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
        {
            statistics = [];
            return Forward([input], mode);
        }

        public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
            => empty([20_000_000_000_000]);
        public override Saved Saves(Node node) => new(0);
    }

    [Theory]
    [InlineData(false, "a forward of net with 4 samples under the plan")]
    [InlineData(true, "a backward of net with 4 samples under the plan")]
    public void Where_memory_runs_out_it_is_said_what_was_being_done(bool inBackward, string expected)
    {
        using var scope = NewDisposeScope();
        var net = new GraphBuilder("net", new Shape(8));
        using var executor = new Executor(net.Build(net.Add(new Greedy(inBackward), null, net.Input.Linear(8))));
        var x = randn(4, 8);
        var thrown = Assert.Throws<OutOfMemoryException>(() =>
        {
            using var step = executor.Forward(x);
            step.Backward([ones(4, 8)]);
        });
        Assert.StartsWith(expected, thrown.Message);
        Assert.Contains("under the plan",
            Assert.Throws<OutOfMemoryException>(() => executor.Step(x, zeros(4, ScalarType.Int64))).Message);
    }
}
