using Interactive.Engine.Tests.Memory;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>Graphs of several inputs and outputs: autograd's bits under any plan, and the peak that was said.</summary>
public class SeveralOutputsTests
{
    // An image and token numbers; classes, a map that the classes are made from too, and a sum whose first term is an
    // output.
    private static Graph Net()
    {
        var net = new GraphBuilder("several", new Shape(3, 8, 8));
        var words = net.AddInput("words", new Shape(4), ScalarType.Int64);
        var extra = net.AddInput("extra", new Shape(8, 8, 8));
        var map = net.Input.Conv(8, 3, padding: 1).BatchNorm().Relu().Add(extra, name: "map");
        var joined = map.Conv(8, 3, padding: 1, name: "again").Relu().Concat(map.Conv(4, 1, name: "narrow"));
        var text = words.Embedding(11, 6).Flatten().Linear(12, name: "text").Gelu();
        var classes = joined.AdaptiveAvgPool(1).Flatten().Add(text).Linear(5, name: "classes");
        var first = map.Conv(8, 1, name: "first");
        return net.Build(classes, map, first, first.Add(map, name: "sum"));
    }

    private static readonly IObjective Losses4 = Objective.From("four", (o, t) =>
    {
        using var scope = NewDisposeScope();
        return (nn.functional.cross_entropy(o[0], t[0]) + o[1].pow(2).mean()
            + (o[2] * o[3]).mean()).MoveToOuterDisposeScope();
    });

    private static (Tensor[] Inputs, Tensor[] Targets) Batch(int samples)
        => ([randn(samples, 3, 8, 8), randint(0, 11, [samples, 4], dtype: ScalarType.Int64), randn(samples, 8, 8, 8)],
        [randint(0, 5, samples, dtype: ScalarType.Int64)]);

    [Fact]
    public void Any_plan_has_plain_bits_and_the_predicted_peak()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Net();
        var (inputs, targets) = Batch(4);
        var facts = RandomPlans.AssertBitsAndPeaks(graph, Losses4, inputs, targets);
        foreach (var planner in PlannerList.All(TimeSpan.FromMilliseconds(50)))
            if (planner.Make(facts, LeastBudget.Find(facts).Prediction.PeakBytes * 11 / 10) is { } plan)
            {
                TrainingStep.Plain(graph, Losses4, inputs, targets)
                    .AssertSame(TrainingStep.Planned(graph, plan.Schedule, Losses4, inputs, targets, out var peak));
                Assert.Equal(plan.Prediction.PeakBytes, peak);
            }
    }

    [Fact]
    public void Evaluation_gives_every_output_and_changes_no_mode()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Net();
        using var executor = new Executor(graph, objective: Losses4);
        var (inputs, _) = Batch(2);
        var outputs = executor.Infer(inputs);
        Assert.Equal(4, outputs.Count);
        Assert.True(graph.training);
        Assert.All(graph.modules(), m => Assert.True(m.training));
        graph.eval();
        foreach (var (ours, plain) in outputs.Zip(graph.Forward(inputs))) Assert.True(ours.Equals(plain));
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        using var scope = NewDisposeScope();
        var graph = Net();
        using var executor = new Executor(graph, objective: Losses4);
        var (inputs, targets) = Batch(2);
        string Refused(Tensor[] given) => Assert.Throws<UsageException>(() => executor.Step(given, targets)).Message;
        Assert.Equal("several takes 3 inputs (input, words, extra), got 1", Refused([inputs[0]]));
        Assert.Equal("several takes Int64 as words, got Float32",
            Refused([inputs[0], inputs[1].to_type(ScalarType.Float32), inputs[2]]));
        Assert.Equal("several takes (2, 8, 8, 8) as extra, got (3, 8, 8, 8)",
            Refused([inputs[0], inputs[1], randn(3, 8, 8, 8)]));
        Assert.Equal("several takes (batch, 3, 8, 8) as input, got (2, 3, 8, 9)",
            Refused([randn(2, 3, 8, 9), inputs[1], inputs[2]]));
    }
}
