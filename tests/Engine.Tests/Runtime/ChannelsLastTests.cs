using Interactive.Graphs;
using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

/// <summary>Kernels over pictures whose channels lie last, and over bfloat16: libtorch's bits.</summary>
public class ChannelsLastTests
{
    [SkippableTheory]
    [InlineData(ScalarType.Float32, 2, 16, 7, 5)]
    [InlineData(ScalarType.Float32, 4, 64, 16, 16)]
    [InlineData(ScalarType.Float32, 3, 48, 33, 31)]
    [InlineData(ScalarType.BFloat16, 2, 16, 7, 5)]
    [InlineData(ScalarType.BFloat16, 4, 64, 16, 16)]
    [InlineData(ScalarType.BFloat16, 3, 48, 33, 31)]
    public void Batch_norm_has_libtorchs_bits(ScalarType type, int batch, int channels, int height, int width)
    {
        using var scope = NewDisposeScope();
        manual_seed(batch);
        var x = ChannelsLast.Of(randn(batch, channels, height, width).mul(3).add(0.7).to_type(type));
        Skip.IfNot(ChannelsLastNorm.Takes(x), "this processor has no vectors of 512 bits");
        var dy = ChannelsLast.Of(randn(batch, channels, height, width).to_type(type));
        var (weight, bias, runningMean, runningVariance) = (randn(channels), randn(channels), zeros(channels), ones(channels));
        var results = new nint[3];
        Aten.Call("native_batch_norm", "", results, x, new Aten.Optional(weight), new Aten.Optional(bias),
            new Aten.Optional(runningMean), new Aten.Optional(runningVariance), true, 0.1, 1e-5);
        var (expected, mean, inverse) = (Tensor.UnsafeCreateTensor(results[0]), Tensor.UnsafeCreateTensor(results[1]),
            Tensor.UnsafeCreateTensor(results[2]));
        Tensor y = empty_like(x), m = empty(channels), s = empty(channels), q = empty(channels);
        ChannelsLastNorm.Normalise(x, y, m, s, q, weight, bias, 1e-5, rectify: false);
        Same(mean, m);
        Same(inverse, s);
        Same(expected, y);
        var (ourMean, ourVariance) = (zeros(channels), ones(channels));
        BatchNormKernel.Track(ourMean, ourVariance, m, q, batch * height * width, 0.1, type);
        Same(runningMean, ourMean);
        Same(runningVariance, ourVariance);
        ChannelsLastNorm.Normalise(x, y, m, s, q, weight, bias, 1e-5, rectify: true);
        Same(expected.relu(), y);
        ChannelsLastNorm.Apply(x, y, m, s, weight, bias, rectify: true);
        Same(expected.relu(), y);

        Aten.Call("native_batch_norm_backward", "", results, dy, x, new Aten.Optional(weight), new Aten.Optional(null),
            new Aten.Optional(null), new Aten.Optional(mean), new Aten.Optional(inverse), true, 1e-5, new long[] { 1, 1, 1 });
        Tensor dx = empty_like(x), dw = empty(channels), db = empty(channels);
        ChannelsLastNorm.Backward(x, dy, dx, dw, db, mean, inverse, weight);
        Same(Tensor.UnsafeCreateTensor(results[2]), db);
        Same(Tensor.UnsafeCreateTensor(results[1]), dw);
        Same(Tensor.UnsafeCreateTensor(results[0]), dx);
    }

    [Fact]
    public void Passes_over_bfloat16_have_libtorchs_bits_for_every_number()
    {
        using var scope = NewDisposeScope();
        var all = tensor(Enumerable.Range(0, 1 << 16).Select(i => BitConverter.Int32BitsToSingle(i << 16)).ToArray())
            .to_type(ScalarType.BFloat16);
        var others = all.roll(12345).contiguous();
        var rectified = all.clone();
        ElementKernels.Rectify(rectified);
        Same(all.relu(), rectified);
        var masked = empty_like(all);
        ElementKernels.Mask(others, all, masked);
        Same(others.masked_fill(all.le(0), 0), masked);
        var sum = empty_like(all);
        ElementKernels.Add(all, others, sum, rectify: false);
        SameOrNan(all + others, sum);
        ElementKernels.Add(all, others, sum, rectify: true);
        SameOrNan((all + others).relu(), sum);
    }

    [Fact]
    public void A_tensor_is_laid_anew_once()
    {
        using var scope = NewDisposeScope();
        var x = randn(2, 3, 4, 5);
        var laid = ChannelsLast.Of(x);
        Assert.True(ChannelsLast.Has(laid) && !ChannelsLast.Has(x));
        Assert.Equal([60, 1, 15, 3], laid.stride());
        Assert.True(laid.Equals(x));
        Assert.True(LaidTensor.Lies(LaidTensor.Of(laid, MemoryFormat.Contiguous), MemoryFormat.Contiguous));
    }

    private static void Same(Tensor expected, Tensor actual)
        => Assert.Equal(expected.contiguous().bytes.ToArray(), actual.contiguous().bytes.ToArray());

    // which of two NaNs a sum has is the processor's choice
    private static void SameOrNan(Tensor expected, Tensor actual)
        => Same(expected.nan_to_num(7, 8, 9), actual.nan_to_num(7, 8, 9));
}
