using Interactive.Engine.Tests.Memory;
using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Memory;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>
/// A gradient that a view's backward hands on lies in the bytes of the one that came in, which others may hold.
/// </summary>
public class SharedViewTests
{
    private sealed class Reshape() : nn.Module<Tensor, Tensor>("reshape")
    {
        public override Tensor forward(Tensor x) => x.view(-1, 2, 8, 8);
    }

    [Fact]
    public void A_rectifier_behind_a_view_masks_no_gradient_that_another_branch_waits_for()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new GraphBuilder("branches", new Shape(1, 8, 8));
        var waiting = net.Input.Conv(2, 3, padding: 1).Relu();
        var halved = net.Input.Conv(8, 3, stride: 2, padding: 1).Relu();
        var module = new Reshape();
        var viewed = net.Add(Opaque.Of(module, halved), "view", halved);
        var graph = net.Build(waiting.Add(viewed).Flatten().Linear(3));
        graph.train();
        var (x, y) = (randn(4, 1, 8, 8), randint(0, 3, 4, dtype: ScalarType.Int64));
        TrainingStep.Plain(graph, x, y)
            .AssertSame(TrainingStep.Planned(graph, KeepAll.Schedule(Fusion.Fuse(graph)), x, y, out _));
    }
}
