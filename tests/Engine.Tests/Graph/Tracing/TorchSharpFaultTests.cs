using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>
/// What TorchSharp 0.107 computes otherwise than PyTorch is told where a net meets it. The numbers of PyTorch 1.13 are spelled out beside
/// each, so that a TorchSharp which gives them shows here that the line may go.
/// </summary>
public class TorchSharpFaultTests
{
    private sealed class Runs : nn.Module<Tensor, Tensor>
    {
        private readonly Func<Tensor, Tensor> of;
        private readonly nn.Module[] parts;

        public Runs(Func<Tensor, Tensor> of, params nn.Module[] parts) : base("runs")
        {
            (this.of, this.parts) = (of, parts);
            for (var i = 0; i < parts.Length; i++) register_module($"part{i}", parts[i]);
        }

        public override Tensor forward(Tensor x) => of(x);
    }

    private static string Refused(nn.Module<Tensor, Tensor> net, params long[] shape)
    {
        using var scope = NewDisposeScope();
        return Assert.Throws<GraphException>(() => Graph.Trace(net, randn(shape))).Message;
    }

    [Fact]
    public void Layers_that_do_not_do_what_they_are_for_are_told()
    {
        Assert.StartsWith("1 is a Mish, which cannot run backward in place: write nn.Mish()", Refused(nn.Sequential(nn.Linear(3, 3), nn.Mish(true)), 2, 3));
        Assert.StartsWith("1 is a Softsign, which cannot run backward in place", Refused(nn.Sequential(nn.Linear(3, 3), nn.Softsign(true)), 2, 3));
        Assert.StartsWith("0 is a AdaptiveMaxPool3d, which forgets its output size", Refused(nn.Sequential(nn.AdaptiveMaxPool3d([2, 2, 2])), 2, 1, 4, 4, 4));
        Assert.StartsWith("0 is a ConvTranspose2d, which takes the first of its output paddings (0, 1) for all dimensions",
            Refused(nn.Sequential(nn.ConvTranspose2d(3, 2, (3, 3), (2, 2), (0, 0), (0, 1))), 2, 3, 4, 4));
        var norm = nn.GroupNorm(2, 4);
        nn.init.ones_(norm.weight);
        nn.init.constant_(norm.bias!, 3e22);
        Assert.StartsWith("0 is a GroupNorm, which has weights as they were found in memory", Refused(nn.Sequential(norm), 2, 4, 3));
    }

    [Fact]
    public void Calls_that_do_nothing_are_told()
    {
        var linear = nn.Linear(3, 3);
        Assert.Equal("runs calls hardtanh, which gives back what it was given in this TorchSharp: write x.clamp(min, max)",
            Refused(new Runs(x => F.hardtanh(linear.call(x)), linear), 2, 3));
        Assert.StartsWith("runs calls hardtanh", Refused(new Runs(x => linear.call(x).hardtanh(-1, 1).neg(), linear), 2, 3));
        Assert.StartsWith("runs calls elu_, which does not write over its tensor", Refused(new Runs(x =>
        {
            var y = linear.call(x);
            y.elu_(0.5);
            return y;
        }, linear), 2, 3));
    }

    [Fact]
    public void Calls_that_are_right_are_traced()
    {
        using var scope = NewDisposeScope();
        var linear = nn.Linear(3, 3);
        foreach (var of in new Func<Tensor, Tensor>[] { x => F.hardtanh(x, inplace: true), x => F.elu(x, 0.5, inplace: true), x => x.relu6(), x => x.hardtanh_(-1, 1) })
        {
            var net = new Runs(x => of(linear.call(x)), linear);
            var graph = Graph.Trace(net, randn(2, 3));
            Assert.Equal(2, graph.Nodes.Count);
        }
    }

    private sealed class Attends(Tensor mask) : nn.Module<Tensor, Tensor>("attends")
    {
        private readonly MultiheadAttention attention = nn.MultiheadAttention(8, 2);

        public Attends Made()
        {
            register_module(nameof(attention), attention);
            return this;
        }

        public override Tensor forward(Tensor x)
        {
            var y = x.transpose(0, 1);
            return attention.call(y, y, y, attn_mask: mask).Item1.transpose(0, 1);
        }
    }

    // PyTorch leaves out what is true; libtorch's C++ adds the truth values to the scores.
    [Fact]
    public void A_mask_of_truth_values_is_told_and_one_of_numbers_masks()
    {
        using var scope = NewDisposeScope();
        using var future = ones(5, 5).triu(1).to(ScalarType.Bool);
        Assert.StartsWith("attends adds its attention mask of truth values as ones in this TorchSharp, so that nothing is masked", Refused(new Attends(future).Made(), 2, 5, 8));
        var layer = nn.TransformerEncoderLayer(8, 2, 16, 0);
        Assert.Contains("adds its attention mask of truth values", Refused(new Runs(x => layer.call(x.transpose(0, 1), future).transpose(0, 1), layer), 2, 5, 8));

        var graph = Graph.Trace(new Attends(zeros(5, 5).masked_fill(future, float.NegativeInfinity)).Made(), randn(2, 5, 8));
        using var x = randn(1, 5, 8);
        using var other = x.clone();
        other[.., 4] = 9;
        using Tensor one = graph.call(x), two = graph.call(other);
        Assert.True(one[.., ..4].allclose(two[.., ..4])); // nothing of the last place reaches those before it
    }

    /// <summary>TorchSharp lists a random table that nothing reads among the parameters of a pretrained embedding.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pretrained_table_is_a_parameter(bool freeze)
    {
        using var scope = NewDisposeScope();
        var table = arange(18f).reshape(6, 3) / 10;
        var layer = nn.Embedding_from_pretrained(table.clone(), freeze);
        var net = nn.Sequential(("words", layer), ("flat", nn.Flatten()), ("last", nn.Linear(12, 2)));
        var graph = Graph.Trace(net, zeros(2, 4, dtype: ScalarType.Int64));
        var (_, words) = graph.named_parameters().Single(p => p.name == "words.weight");
        Assert.True(words.Equals(table));
        Assert.Equal(!freeze, words.requires_grad);
        new Executor(graph).Step(tensor([1L, 1, 2, 5]).reshape(1, 4), tensor([1L]));
        Assert.Equal(freeze ? null : [false, true, true, false, false, true], words.grad?.abs().sum(1).gt(0).data<bool>().ToArray());
        using (no_grad()) words.zero_();
        Assert.Equal(0, layer.call(tensor([3L])).abs().sum().item<float>()); // what is trained is what is read
    }

    [Fact]
    public void Sparse_gradients_are_told()
    {
        using var scope = NewDisposeScope();
        var net = nn.Sequential(("words", nn.Embedding(6, 3, sparse: true)), ("flat", nn.Flatten()));
        Assert.Equal("words has sparse gradients (sparse: true), which no optimiser here takes: leave sparse out",
            Assert.Throws<GraphException>(() => Graph.Trace(net, zeros(2, 4, dtype: ScalarType.Int64))).Message);
    }
}
