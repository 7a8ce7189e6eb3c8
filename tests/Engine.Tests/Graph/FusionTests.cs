using Interactive.Engine.Tests.Models;
using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs;

[Trait("Speed", "slow")]
public class FusionTests
{
    [Theory]
    [MemberData(nameof(SmallModels.Names), MemberType = typeof(SmallModels))]
    public void Fused_graph_has_the_same_bits(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = SmallModels.Create(name);
        graph.train();
        var fused = Fusion.Fuse(graph);
        fused.train();
        var (x, y) = SmallModels.Batch(graph);

        var plain = LossAndGradients(graph, graph, x, y);
        var joined = LossAndGradients(fused, graph, x, y);

        Assert.Equal(plain.Loss, joined.Loss);
        foreach (var (key, gradient) in plain.Gradients) Assert.True(gradient.Equals(joined.Gradients[key]), key);
    }

    private static (float Loss, Dictionary<string, Tensor> Gradients) LossAndGradients(Graph run, Graph owner, Tensor x,
        Tensor y)
    {
        manual_seed(2); // dropout
        foreach (var p in owner.parameters()) p.grad = null;
        var loss = SmallModels.Loss(run.forward(x), y);
        loss.backward();
        return (loss.item<float>(), owner.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone()));
    }

    [Fact]
    public void Resnet50_loses_every_rectifier_node()
    {
        var fused = Fusion.Fuse(SmallModels.Create("resnet50"));
        Assert.DoesNotContain(fused.Nodes, n => n.Op.Kind == "relu");
        Assert.Equal(16, fused.Nodes.Count(n => n.Op.Kind == "add_relu"));
    }
}
