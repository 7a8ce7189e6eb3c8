using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

/// <summary>Ops that run without autograd: its bits forward and backward, signs of zeros included.</summary>
public class DirectOpTests
{
    private static readonly long[][] matrices = [[5, 24], [64, 200]];
    private static readonly long[][] sequences = [[1, 1, 24], [3, 7, 24], [4, 32, 256]];

    public static TheoryData<long[], int> Inputs()
    {
        var data = new TheoryData<long[], int>();
        foreach (var shape in matrices.Concat(sequences))
            foreach (var threads in new[] { 1, 2 }) data.Add(shape, threads);
        return data;
    }

    public static TheoryData<long[], int> Sequences()
    {
        var data = new TheoryData<long[], int>();
        foreach (var shape in sequences)
            foreach (var threads in new[] { 1, 2 }) data.Add(shape, threads);
        return data;
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Linear(long[] shape, int threads)
    {
        foreach (var (bias, relu) in new[] { (true, false), (false, false), (true, true), (false, true) })
            AssertAutogradsBits(() => new Linear(nn.Linear(shape[^1], 72, bias), relu), shape, threads);
    }

    [Theory]
    [MemberData(nameof(Sequences))]
    public void TiedLinear(long[] shape, int threads)
        => AssertAutogradsBits(() => new TiedLinear(nn.Embedding(96, shape[^1])), shape, threads);

    [Theory]
    [MemberData(nameof(Inputs))]
    public void LayerNorm(long[] shape, int threads)
    {
        AssertAutogradsBits(() => new LayerNorm(nn.LayerNorm(shape[^1])), shape, threads);
        AssertAutogradsBits(() => new LayerNorm(nn.LayerNorm(shape[1..], elementwise_affine: false)), shape, threads);
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Gelu(long[] shape, int threads) => AssertAutogradsBits(() => new Gelu(), shape, threads);

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Dropout(long[] shape, int threads) => AssertAutogradsBits(() => new Dropout(0.3), shape, threads);

    [Theory]
    [MemberData(nameof(Sequences))]
    public void Attention(long[] shape, int threads)
    {
        foreach (var causal in new[] { false, true })
            AssertAutogradsBits(() => new Attention(4, causal), [.. shape[..^1], 3 * shape[^1]], threads);
    }

    [Fact]
    public void Attention_gradients_have_no_negative_zeros_as_autograds_have_none()
    {
        using var scope = NewDisposeScope();
        var op = new Attention(2, causal: true);
        var x = randn(2, 6, 3 * 16);
        x.narrow(2, 32, 16).zero_();
        Check(op, x, randn(2, 6, 16).mul(1e-38), wantsInput: true); // products below the smallest number
        Check(op, x, zeros(2, 6, 16).neg(), wantsInput: true);
    }

    [Fact]
    public void An_input_whose_rows_are_not_one_behind_the_other_is_left_to_autograd()
    {
        using var scope = NewDisposeScope();
        var x = randn(4, 24, 6).transpose(1, 2);
        Assert.False(new Linear(nn.Linear(24, 8)).RunsDirect(x));
        Assert.False(new Attention(2, causal: true).RunsDirect(x));
    }

    private static void AssertAutogradsBits(Func<Op> create, long[] shape, int threads)
    {
        using var scope = NewDisposeScope();
        manual_seed(shape[0] + threads);
        var before = get_num_threads();
        try
        {
            set_num_threads(threads);
            var op = create();
            var x = randn(shape);
            using var y = op.Forward([x], new RunMode(Training: true));
            var gradient = randn_like(y);
            Check(op, x, gradient, wantsInput: true);
            Check(op, x, gradient, wantsInput: false);
            foreach (var frozen in op.Parameters)
            {
                frozen.requires_grad = false;
                Check(op, x, gradient, wantsInput: true);
            }
        }
        finally { set_num_threads(before); }
    }

    private static void Check(Op op, Tensor x, Tensor gradient, bool wantsInput)
    {
        var direct = (IDirectUnary)op;
        Assert.True(direct.RunsDirect(x));
        var trained = op.Parameters.Where(p => p.requires_grad).ToArray();
        var leaf = x.clone().requires_grad_(wantsInput);
        manual_seed(3);
        var expected = op.Forward([leaf], new RunMode(Training: true));
        Clear();
        var results = new List<byte[]>();
        for (var pass = 0; pass < 2; pass++) // the second one adds to the gradients of the first
        {
            leaf.grad = null;
            if (expected.requires_grad) autograd.backward([expected], [gradient], retain_graph: true);
            results.AddRange(trained.Select(p => p.grad!.bytes.ToArray()));
        }

        using var _ = no_grad();
        manual_seed(3);
        var y = direct.Forward(x, new RunMode(Training: true, Masked: true), out var statistics);
        Assert.Equal(expected.bytes.ToArray(), y.bytes.ToArray());
        var masked = gradient.clone();
        if (op.Rectifies) ElementKernels.Mask(masked, y);
        Clear();
        for (var pass = 0; pass < 2; pass++)
        {
            var arriving = direct.Backward(x, masked, statistics, wantsInput);
            Assert.Equal(wantsInput, arriving is not null);
            if (wantsInput) Assert.Equal(leaf.grad!.bytes.ToArray(), arriving!.bytes.ToArray());
            if (wantsInput && op is IOverwritesGradient over)
            {
                var place = masked.clone();
                over.BackwardOver(x, place, statistics);
                Assert.Equal(leaf.grad!.bytes.ToArray(), place.bytes.ToArray());
            }
            Assert.Equal(results.Skip(pass * trained.Length).Take(trained.Length),
                trained.Select(p => p.grad!.bytes.ToArray()));
        }

        void Clear()
        {
            foreach (var parameter in op.Parameters) parameter.grad = null;
        }
    }
}
