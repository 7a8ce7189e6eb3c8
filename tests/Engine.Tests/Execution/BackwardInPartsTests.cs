using Interactive.Engine.Tests.Memory;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>
/// Parameters' gradients made apart from the input's, in parts or in place: autograd's bits, fewer bytes.
/// </summary>
public class BackwardInPartsTests
{
    private const int Batch = 4;

    // Little data, many weights: a gradient made whole would weigh more than everything else.
    private static Graph Heavy()
    {
        var builder = new GraphBuilder("heavy", new Shape(64, 4, 4));
        var x = builder.Input.Conv(256, 3, padding: 1, bias: false, name: "wide").BatchNorm().Relu();
        x = x.Conv(256, 3, stride: 2, padding: 1, name: "strided").Relu();
        x = x.Conv(256, 3, padding: 1, groups: 4, name: "grouped");
        return builder.Build(x.Flatten().Linear(512, name: "fc1").Relu().Linear(10, name: "fc2"));
    }

    private static (double Loss, Dictionary<string, Tensor> Gradients) After(Graph graph, bool accumulated,
        Func<double> step)
    {
        manual_seed(5);
        foreach (var (_,
            parameter) in graph.named_parameters()) parameter.grad = accumulated ? randn(parameter.shape)
            : zeros(parameter.shape);
        var loss = step();
        return (loss, graph.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_have_the_bits_of_plain_autograd_whatever_was_accumulated(bool accumulated)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Heavy();
        graph.train();
        var facts = Facts.Measured(graph, Batch);
        Assert.Contains(facts.Profile.Nodes, n => n.Name == "wide" && n.ParameterWays.Count > 0);
        Assert.Contains(facts.Profile.Nodes, n => n.Name == "fc1" && n.ParameterWays.Count > 0);
        var (x, y) = (randn(Batch, 64, 4, 4), randint(0, 10, Batch, dtype: ScalarType.Int64));
        var (loss, expected) = After(graph, accumulated, () =>
        {
            using var result = nn.functional.cross_entropy(graph.forward(x), y);
            result.backward();
            return result.item<float>();
        });
        foreach (var plan in new[] { new KeepAllPlanner().Make(facts, long.MaxValue)!, LeastBudget.Find(facts) })
        {
            using var executor = new Executor(graph, plan.Schedule);
            var (ours, gradients) = After(graph, accumulated, () => executor.Step(x, y));
            Assert.Equal(loss, ours);
            foreach (var (name, gradient) in expected) Assert.True(gradient.Equals(gradients[name]), name);
        }
    }

    private static Graph OneLayer(bool convolution)
    {
        var builder = new GraphBuilder("one", new Shape(512, 2, 2));
        var x = convolution ? builder.Input.Conv(512, 3, padding: 1) : builder.Input.Flatten().Linear(2048);
        return builder.Build(x.Relu().Flatten().Linear(10));
    }

    /// <summary>
    /// A convolution's forward may still take a copy of the weights in oneDNN's layout, and plain's backward no more
    /// than that.
    /// </summary>
    [Theory]
    [InlineData(true, 1.02)]
    [InlineData(false, 0.3)]
    public void A_weight_gradient_is_never_whole_a_second_time_and_the_peak_is_the_predicted_one(bool convolution,
        double ofPlain)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = OneLayer(convolution);
        graph.train();
        var facts = Facts.Measured(graph, Batch);
        var plan = new KeepAllPlanner().Make(facts, long.MaxValue)!;
        var (x, y) = (randn(Batch, 512, 2, 2), randint(0, 10, Batch, dtype: ScalarType.Int64));
        using var executor = new Executor(graph, plan.Schedule);
        executor.Step(x, y); // gradients exist from here on
        Assert.InRange((double)LiveTensors.Peak(() => executor.Step(x, y)) / plan.Prediction.PeakBytes, 0.98, 1.02);
        Assert.InRange((double)plan.Prediction.PeakBytes / facts.Profile.PlainPeakBytes!.Value, 0, ofPlain);
    }
}
