using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>
/// A graph as a part of a module, which is traced again: a net of a file between layers of one's own.
/// </summary>
public class NestedGraphTests
{
    private sealed class Turned() : nn.Module<Tensor, Tensor>("turned")
    {
        public override Tensor forward(Tensor x) => cat([x.narrow(1, 2, 1), x.narrow(1, 0, 2)], 1) * 2;
    }

    private sealed class Around : nn.Module<Tensor, Tensor>
    {
        private readonly Interactive.Graphs.Graph inner;
        private readonly nn.Module<Tensor, Tensor> last = nn.Linear(3, 2);

        public Around(Interactive.Graphs.Graph inner) : base("around")
        {
            this.inner = inner;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => last.call(inner.call(x));
    }

    [Fact]
    public void A_graph_inside_a_module_is_seen_into()
    {
        manual_seed(1);
        using var around = new Around(Interactive.Graphs.Graph.Trace(new Turned(), rand(2, 3)));
        using var graph = Interactive.Graphs.Graph.Trace(around, rand(2, 3));
        Assert.Equal(["narrow", "narrow", "cat", "mul_scalar", "linear"], graph.Nodes.Select(n => n.Op.Kind));
        using var x = rand(5, 3);
        Assert.True(graph.call(x).bytes.SequenceEqual(around.call(x).bytes), "other bits");
    }

    private sealed class Down : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> first, shortcut;

        public Down(long channels, long stride) : base("down")
        {
            (first, shortcut) = (nn.Conv2d(channels, channels, 3, padding: 1, bias: false),
                nn.Conv2d(channels, 2 * channels, 1, stride, bias: false));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => shortcut.call(nn.functional.relu(first.call(x)));
    }

    [Theory]
    [InlineData(128, 1)]
    [InlineData(128, 2)]
    [InlineData(256, 2)]
    public void A_pointwise_shortcut_has_the_bits_of_its_module(long channels, long stride)
    {
        manual_seed(1);
        using var down = new Down(channels, stride);
        using var graph = Interactive.Graphs.Graph.Trace(down, randn(4, channels, 8, 8));
        Assert.Empty(graph.Notes);
    }
}
