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
    public void A_file_becomes_a_graph_with_its_bits(string name)
    {
        set_num_threads(2);
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var net = jit.load<Tensor, Tensor>(Path.Combine(AppContext.BaseDirectory, "Graph", "Tracing", "scripts", name + ".pt"));
        Tensor Batch(long batch) => name.Split('-')[0] switch { "mlp" => randn(batch, 6), "resnet" => randn(batch, 3, 8, 8), _ => randint(0, 20, [batch, 7], dtype: ScalarType.Int64) };
        var graph = Graph.Trace(net, Batch(2));
        output.WriteLine(string.Join("\n", graph.Notes));
        output.WriteLine(string.Join("\n", graph.Nodes.Select(n => $"{n} | {string.Join('x', n.Output.Extents)}")));
        Assert.Empty(graph.Notes);
        Assert.DoesNotContain(graph.Nodes, n => n.Op.Kind == "opaque");
        Assert.Equal(net.named_parameters().Select(p => p.name), graph.named_parameters().Select(p => p.name));

        var x = Batch(5);
        Same.AsTheModule(net, graph, x, KeepAll.Schedule(Fusion.Fuse(graph)));
        var fused = Fusion.Fuse(graph);
        Same.AsTheModule(net, graph, x, LeastBudget.Find(new PlanningGraph(fused, AnalyticProfile.Of(fused, 5)), halvings: 2).Schedule);
    }
}
