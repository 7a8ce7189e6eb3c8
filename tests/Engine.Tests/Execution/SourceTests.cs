using Interactive.Engine.Tests.Memory;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>Ops without inputs that hold a tensor, constant or trained: always there, of no bytes to a plan.</summary>
public class SourceTests
{
    private sealed class Held(Tensor tensor, nn.Module? owner) : Op
    {
        public override string Kind => "held";
        public override nn.Module? Module => owner;
        public override bool IsFixed => true;
        public override bool IsBatched => false;
        public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
            => (new Shape(tensor.shape), tensor.dtype);
        public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => tensor.alias();
        public override Saved Saves(Node node) => new(Inputs: 0);
    }

    private sealed class Times : Op
    {
        public override string Kind => "times";
        public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs) => (inputs[0].Shape, inputs[0].Type);
        public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => inputs[0].mul(inputs[1]);
        public override Saved Saves(Node node) => new(Inputs: node.Inputs[0].NeedsGradient ? 3u : 1u);
    }

    private sealed class Scale : nn.Module
    {
        public readonly TorchSharp.Modules.Parameter weight = new(rand(256));
        public Scale() : base("scale") => RegisterComponents();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Any_plan_has_plain_bits_and_the_predicted_peak(bool trained)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new GraphBuilder("held", new Shape(32));
        var module = new Scale();
        module.weight.requires_grad_(trained);
        var scale = net.Add(trained ? new Held(module.weight, module) : new Held(rand(256), null), "scale");
        var x = net.Input.Linear(256).Gelu();
        x = net.Add(new Times(), "first", x, scale).Linear(256).Gelu();
        var graph = net.Build(net.Add(new Times(), "second", x, scale).Linear(5));
        Assert.Equal(256 * 4, scale.Bytes(64));
        Tensor[] inputs = [randn(64, 32)], targets = [randint(0, 5, 64, dtype: ScalarType.Int64)];
        var facts = RandomPlans.AssertBitsAndPeaks(graph, null, inputs, targets);
        var least = LeastBudget.Find(facts);
        TrainingStep.Plain(graph, new CrossEntropy(), inputs, targets)
            .AssertSame(TrainingStep.Planned(graph, least.Schedule, null, inputs, targets, out var peak));
        Assert.Equal(least.Prediction.PeakBytes, peak);
        Assert.Equal(trained, least.Schedule.Steps.Contains(new Step(StepKind.Backward, 0)));
    }
}
