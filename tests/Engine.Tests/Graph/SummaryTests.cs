using Interactive.Graphs;
using Interactive.Models;

namespace Interactive.Engine.Tests.Graphs;

public class SummaryTests
{
    [Fact]
    public void It_counts_what_the_papers_count()
    {
        using var graph = Zoo.Create("resnet50", new ModelOptions { ShapesOnly = true });
        var summary = graph.Summary();
        Assert.Equal((25_557_032, 25_557_032, 4 * 25_557_032),
            (summary.Parameters, summary.Trainable, summary.ParameterBytes));
        Assert.Equal(25_557_032, summary.Layers.Sum(layer => layer.Parameters));
        Assert.InRange(summary.Flops, 8.1e9, 8.4e9); // 4.1 G multiply-adds
        Assert.Equal(new LayerSummary("conv1", "conv2d", new Shape(64, 112, 112), 9408, 2.0 * 9408 * 112 * 112,
            4 * 64 * 112 * 112), summary.Layers[0]);
    }

    [Fact]
    public void Tied_weights_count_once()
    {
        using var graph = Zoo.Create("gpt", new ModelOptions { ShapesOnly = true });
        var summary = graph.Summary();
        Assert.Equal(summary.Parameters, summary.Layers.Sum(layer => layer.Parameters));
    }

    [Fact]
    public void Its_text_is_a_table()
    {
        var net = new GraphBuilder("net", new Shape(1, 4, 4));
        using var graph =
            net.Build(net.Input.Conv(2, 3, padding: 1, name: "conv").Relu().Flatten().Linear(10, name: "fc"));
        Assert.Equal("""
            layer    op       output  parameters  MFLOP
            conv     conv2d   2x4x4           20   0.00
            relu     relu     2x4x4                0.00
            flatten  flatten  32                   0.00
            fc       linear   10             330   0.00
            net of 1x4x4: 350 parameters (350 trained, 0.0 MiB), 0.000 GFLOP and 0.0 MiB of results a sample
            """.ReplaceLineEndings(), graph.Summary().ToString());
    }
}
