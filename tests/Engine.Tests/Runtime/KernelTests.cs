using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

public class KernelTests
{
    [Theory]
    [InlineData(2, 3, 7, 5)]
    [InlineData(4, 64, 16, 16)]
    [InlineData(16, 5, 33, 31)]
    [InlineData(3, 40, 1, 1)]
    public void Batch_norm_applied_again_has_the_bits_of_the_first_run(int batch, int channels, int height, int width)
    {
        using var scope = NewDisposeScope();
        manual_seed(batch);
        var x = randn(batch, channels, height, width).mul(3).add(0.7);
        var (weight, bias) = (randn(channels), randn(channels));
        var results = new nint[3];
        Aten.Call("native_batch_norm", "", results, x, new Aten.Optional(weight), new Aten.Optional(bias), new Aten.Optional(null), new Aten.Optional(null), true, 0.1, 1e-5);
        var (expected, mean, inverse) = (Tensor.UnsafeCreateTensor(results[0]), Tensor.UnsafeCreateTensor(results[1]), Tensor.UnsafeCreateTensor(results[2]));
        var y = empty_like(x);
        BatchNormKernel.Apply(x, y, mean, inverse, weight, bias, rectify: false);
        Assert.Equal(expected.bytes.ToArray(), y.bytes.ToArray());
        BatchNormKernel.Apply(x, y, mean, inverse, weight, bias, rectify: true);
        Assert.Equal(expected.relu().bytes.ToArray(), y.bytes.ToArray());
    }

    [Theory]
    [InlineData(5)]
    [InlineData(100_003)]
    public void Element_kernels_have_the_bits_of_libtorch(int length)
    {
        using var scope = NewDisposeScope();
        manual_seed(length);
        var special = tensor(new[] { 0f, -0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, -1e-45f });
        Tensor Random() => cat([special, randn(length), special])[TensorIndex.Slice(0, length)].contiguous();
        var (x, y, g) = (Random(), Random().flip(0).contiguous(), Random());

        var sum = empty_like(x);
        ElementKernels.Add(x, y, sum, rectify: false);
        Same(x.add(y), sum);
        ElementKernels.Add(x, y, sum, rectify: true);
        Same(x.add(y).relu_(), sum);

        var rectified = x.clone();
        ElementKernels.Rectify(rectified);
        Same(x.relu(), rectified);

        var leaf = x.clone().requires_grad_(true);
        leaf.relu().backward([g]);
        var masked = g.clone();
        ElementKernels.Mask(masked, rectified);
        Same(leaf.grad!, masked);
    }

    [Fact]
    public void Passes_over_tensors_with_gaps_have_the_same_bits_and_autograd_does_not_see_them()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        Tensor Gaps() => randn(6, 10)[TensorIndex.Colon, TensorIndex.Slice(0, 10, 2)];
        var (x, y, g) = (Gaps(), Gaps(), Gaps());
        Assert.False(ElementKernels.Takes(x));

        foreach (var into in new[] { -1, 0, 1 })
        {
            var (a, b) = (Copy(x), Copy(y));
            var leaf = a.requires_grad_(true);
            var square = leaf.mul(leaf); // saves the leaf: a write that autograd saw would end its backward
            var sum = into switch { 0 => a.detach(), 1 => b, _ => empty_like(x) };
            ElementKernels.Add(a.detach(), b, sum, rectify: true);
            Same(x.add(y).relu_(), sum);
            square.sum().backward();
        }

        var rectified = Copy(x);
        ElementKernels.Rectify(rectified);
        Same(x.relu(), rectified);
        var expected = g.masked_fill(rectified.le(0), 0);
        var masked = empty_like(g);
        ElementKernels.Mask(g, rectified, masked);
        Same(expected, masked);
        ElementKernels.Mask(g, rectified);
        Same(expected, g);

        Tensor Copy(Tensor t) // keeps the gaps, which clone() closes
        {
            var copy = Gaps();
            copy.copy_(t);
            return copy;
        }
    }

    private static void Same(Tensor expected, Tensor actual) => Assert.Equal(expected.contiguous().bytes.ToArray(), actual.contiguous().bytes.ToArray());

    [Fact]
    public void Openmp_pool_covers_a_range_once()
    {
        Assert.True(OpenMp.IsAvailable);
        var seen = new int[1000];
        OpenMp.For(seen.Length, 7, (from, to) =>
        {
            for (var i = from; i < to; i++) Interlocked.Increment(ref seen[i]);
        });
        Assert.All(seen, n => Assert.Equal(1, n));
    }
}
