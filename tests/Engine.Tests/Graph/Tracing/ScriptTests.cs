using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>TorchScript files that PyTorch wrote (<c>scripts/make.py</c>), scripted and traced.</summary>
public class ScriptTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("mlp-script")]
    [InlineData("mlp-trace")]
    [InlineData("resnet-script")]
    [InlineData("resnet-trace")]
    [InlineData("lstm-script")]
    [InlineData("lstm-trace")]
    [InlineData("attention-script")] // heads are laid one behind the other along the samples
    [InlineData("attention-trace")] // and what it reckons with sizes are tensors there
    [InlineData("up-script")]
    [InlineData("up-trace")]
    [InlineData("cells-script")]
    [InlineData("cells-trace")] // gates are written in place, each into its part of one tensor
    public void A_file_becomes_a_graph_with_its_bits(string name)
    {
        set_num_threads(2);
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var plain = Interactive.Runtime.ScriptExecutor.Plain(); // libtorch's optimiser changes a file's own bits after its first runs
        using var net = jit.load<Tensor, Tensor>(FileOf(name));
        Tensor Batch(long batch) => name.Split('-')[0] switch
        {
            "mlp" => randn(batch, 6),
            "resnet" or "up" => randn(batch, 3, 8, 8),
            "attention" => randn(batch, 5, 8),
            "cells" => randn(batch, 4, 5),
            _ => randint(0, 20, [batch, 7], dtype: ScalarType.Int64),
        };
        var graph = Graph.Trace(net, Batch(2));
        output.WriteLine(string.Join("\n", graph.Notes));
        output.WriteLine(string.Join("\n", graph.Nodes.Select(n => $"{n} | {string.Join('x', n.Output.Extents)}")));
        Assert.Empty(graph.Notes);
        Assert.DoesNotContain(graph.Nodes, n => n.Op.Kind == "opaque");
        Assert.DoesNotContain(graph.Nodes, n => n.Op.Kind.EndsWith("convolution", StringComparison.Ordinal)); // each is the engine's
        Assert.Equal(net.named_parameters().Select(p => p.name), graph.named_parameters().Select(p => p.name));

        var x = Batch(5);
        Same.AsTheModule(net, graph, x, KeepAll.Schedule(Fusion.Fuse(graph)));
        var fused = Fusion.Fuse(graph);
        Same.AsTheModule(net, graph, x, LeastBudget.Find(new PlanningGraph(fused, AnalyticProfile.Of(fused, 5)), halvings: 2).Schedule);
    }

    private static string FileOf(string name) => Path.Combine(AppContext.BaseDirectory, "Graph", "Tracing", "scripts", name + ".pt");

    [Theory]
    [InlineData("two-script")]
    [InlineData("two-trace")]
    public void A_file_of_two_inputs_becomes_a_graph_with_its_bits(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var net = jit.load<Tensor, Tensor, Tensor>(FileOf(name));
        var graph = Graph.Trace(net, [randn(2, 6), randn(2, 4)]);
        Assert.Empty(graph.Notes);
        Assert.Equal(["input", "linear", "linear", "add", "tanh"], graph.Nodes.Select(n => n.Op.Kind));
        Tensor[] batch = [randn(5, 6), randn(5, 4)];
        Assert.True(net.call(batch[0], batch[1]).Equals(graph.Forward(batch)[0]));
    }

    [Fact]
    public void A_file_whose_course_depends_on_the_data_is_one_node_that_follows_the_graph_s_mode()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var net = jit.load<Tensor, Tensor>(FileOf("branch-script"));
        var graph = Graph.Trace(net, randn(2, 6));
        Assert.Equal(["opaque"], graph.Nodes.Select(n => n.Op.Kind));
        Assert.Equal("", Assert.Single(graph.Notes).Where);
        Same.AsTheModule(net, graph, randn(5, 6), KeepAll.Schedule(graph));
        var x = randn(5, 6);
        graph.eval();
        Assert.True(graph.forward(x).Equals(graph.forward(x))); // without the file's dropout
        graph.train();
        Assert.False(graph.forward(x).Equals(graph.forward(x)));
    }
}
