using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Models;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

[Trait("Speed", "slow")]
public class KeepAllTests
{
    [Theory]
    [MemberData(nameof(SmallModels.AllNames), MemberType = typeof(SmallModels))]
    public void Loss_gradients_and_statistics_have_the_bits_of_plain_autograd(string name)
        => AssertSameBits(() => SmallModels.Create(name));

    [Fact]
    public void Wide_token_layers_round_as_plain_autograd_does() // narrow ones round alike in any order
        => AssertSameBits(() => Zoo.Create("gpt", new ModelOptions { Layers = 1, Vocabulary = 64 }));

    private static void AssertSameBits(Func<Graph> create)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = create();
        graph.train();
        var start = graph.state_dict().ToDictionary(e => e.Key, e => e.Value.clone());
        var (x, y) = SmallModels.Batch(graph);

        manual_seed(2);
        var plain = new List<double>();
        var steps = graph.Nodes.Count < 1000 ? 2 : 1;
        for (var step = 0; step < steps; step++)
        {
            using var inner = NewDisposeScope();
            var loss = SmallModels.Loss(graph.forward(x), y);
            loss.backward();
            plain.Add(loss.item<float>());
        }
        var expected = Snapshot(graph);

        using (no_grad())
            foreach (var (key, tensor) in graph.state_dict()) tensor.copy_(start[key]);
        foreach (var p in graph.parameters()) p.grad = null;
        manual_seed(2);
        using var executor = new Executor(graph);
        var losses = Enumerable.Range(0, steps).Select(_ => executor.Step(x, y)).ToList();

        Assert.Equal(plain, losses);
        foreach (var (key, value) in Snapshot(graph)) Assert.True(expected[key].Equals(value), key);
    }

    private static Dictionary<string, Tensor> Snapshot(Graph graph)
        => graph.named_parameters().Select(p => ($"{p.name}.grad", p.parameter.grad!.clone()))
            .Concat(graph.named_buffers().Select(b => (b.name, b.buffer.clone()))).ToDictionary();

    [Fact]
    public void Live_bytes_after_200_steps_equal_those_after_20()
    {
        using var scope = NewDisposeScope();
        var graph = Zoo.Create("lenet5");
        using var executor = new Executor(graph);
        var (x, y) = SmallModels.Batch(graph, 8);
        StepChecks.LiveBytesSettle(executor, x, y);
    }

    [Fact]
    public void A_gradient_is_announced_once_per_parameter_when_it_is_complete()
    {
        using var scope = NewDisposeScope();
        var graph = SmallModels.Create("gpt");
        using var executor = new Executor(graph);
        var (x, y) = SmallModels.Batch(graph);
        StepChecks.AnnouncesOnce(executor, graph, x, y);
    }

    [Fact]
    public void The_output_goes_before_backward_unless_the_loss_reads_it()
    {
        using var scope = NewDisposeScope();
        // little but logits
        var graph = Zoo.Create("gpt", new ModelOptions { Layers = 1, Vocabulary = 4096, Width = 32 });
        var (x, y) = SmallModels.Batch(graph, 4);
        long Peak(Executor executor)
        {
            executor.Step(x, y); // gradients exist from here on
            return LiveTensors.Peak(() => executor.Step(x, y));
        }
        using var over = new Executor(graph); // the default loss, which writes over the output
        using var light = new Executor(graph, objective: Objective.From(Losses.CrossEntropy, readsOutput: false));
        using var whole = new Executor(graph, objective: Objective.From(Losses.CrossEntropy, readsOutput: true));
        Assert.Equal(graph.Output.Bytes(4), Peak(whole) - Peak(light));
        Assert.InRange(Peak(over), 0, Peak(light) - 1);
    }

    [Fact]
    public void Resnet50_peaks_where_plain_autograd_does_and_far_below_one_scope()
    {
        using var scope = NewDisposeScope();
        var graph = Zoo.Create("resnet50", new ModelOptions { Image = new Shape(3, 32, 32), Classes = 10 });
        graph.train();
        using var executor = new Executor(graph);
        var (x, y) = SmallModels.Batch(graph, 8);
        executor.Step(x, y); // gradients exist from here on

        var ours = LiveTensors.Peak(() => executor.Step(x, y));
        var plain = LiveTensors.Peak(() =>
        {
            using var output = graph.forward(x);
            using var loss = SmallModels.Loss(output, y);
            loss.backward();
        });
        Assert.InRange((double)ours / plain, 0, 1.02);
    }
}
