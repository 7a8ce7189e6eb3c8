using Interactive.Graphs;
using Interactive.Graphs.Ops;
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
        Aten.Call("native_batch_norm", "", results, x, new Aten.Optional(weight), new Aten.Optional(bias),
            new Aten.Optional(null), new Aten.Optional(null), true, 0.1, 1e-5);
        var (expected, mean, inverse) = (Tensor.UnsafeCreateTensor(results[0]), Tensor.UnsafeCreateTensor(results[1]),
            Tensor.UnsafeCreateTensor(results[2]));
        var y = empty_like(x);
        BatchNormKernel.Apply([x], y, mean, inverse, weight, bias, rectify: false);
        Assert.Equal(expected.bytes.ToArray(), y.bytes.ToArray());
        BatchNormKernel.Apply([x], y, mean, inverse, weight, bias, rectify: true);
        Assert.Equal(expected.relu().bytes.ToArray(), y.bytes.ToArray());
    }

    [SkippableFact]
    public void A_pointwise_convolution_of_few_samples_has_the_bits_on_one_thread_that_libtorch_gives_it_among_many()
    {
        Skip.IfNot(MatrixLibrary.UsesHalfTheVectors,
            "this processor is of a kind whose matrix products use the whole vector unit");
        using var scope = NewDisposeScope();
        manual_seed(1);
        var module = nn.Conv2d(24, 40, 1);
        var op = new Conv2d(module);
        var (x, gradient) = (randn(16, 24, 13, 13), randn(16, 40, 13, 13));
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var (expected, theirs) = Run(16, leaf => module.forward(leaf));
            var (all, ours) = Run(16, leaf => op.Forward([leaf], new RunMode(Training: true)));
            Same(expected, all);
            foreach (var (a, b) in theirs.Zip(ours)) Same(a, b);
            var (few, gradients) = Run(4, leaf => op.Forward([leaf], new RunMode(Training: true)));
            Same(expected.narrow(0, 0, 4).contiguous(), few);
            Same(theirs[0].narrow(0, 0, 4).contiguous(), gradients[0]);
            Same(gradients[0], op.InputGradient(x.narrow(0, 0, 4), gradient.narrow(0, 0, 4), 1));
        }
        finally { set_num_threads(threads); }

        (Tensor, Tensor[]) Run(long samples, Func<Tensor, Tensor> forward)
        {
            var leaf = x.narrow(0, 0, samples).clone().requires_grad_(true);
            var result = forward(leaf);
            return (result.detach(),
                [.. autograd.grad([result], [leaf, module.weight!, module.bias!], [gradient.narrow(0, 0, samples)])]);
        }
    }

    [Theory]
    [InlineData(2, 3, 7, 5, false)]
    [InlineData(4, 64, 16, 16, true)]
    [InlineData(16, 29, 33, 31, true)]
    [InlineData(3, 40, 1, 2, false)]
    public void Batch_norm_has_the_bits_of_libtorch_forward_and_backward(int batch, int channels, int height, int width,
        bool rectify)
    {
        using var scope = NewDisposeScope();
        manual_seed(batch);
        var x = randn(batch, channels, height, width).mul(3).add(0.7);
        var (theirs, ours) = (nn.BatchNorm2d(channels), nn.BatchNorm2d(channels));
        using (no_grad())
            foreach (var (a, b) in theirs.parameters().Zip(ours.parameters())) b.copy_(a.uniform_(-1, 1));
        var op = new BatchNorm2d(ours, rectify);
        // else libtorch's own are called
        Assert.Equal(System.Runtime.Intrinsics.X86.Avx512F.IsSupported, BatchNormKernel.Normalises([x]));
        for (var step = 0; step < 2; step++) // the second one adds to the gradients of the first
        {
            var leaf = x.clone().requires_grad_(true);
            var expected = rectify ? theirs.forward(leaf).relu() : theirs.forward(leaf);
            var gradient = randn(expected.shape);
            expected.backward([gradient]);
            using var noGrad = no_grad();
            var y = op.Forward(x, new RunMode(Training: true), out var kept);
            Same(expected.detach(), y);
            Same(leaf.grad!,
                op.Backward(x, rectify ? gradient.masked_fill(y.le(0), 0) : gradient, kept, wantsInput: true)!);
            foreach (var (a, b) in theirs.parameters().Zip(ours.parameters())) Same(a.grad!, b.grad!);
            foreach (var (a, b) in theirs.buffers().Zip(ours.buffers())) Same(a, b);
        }
    }

    [Theory]
    [InlineData(7, 5, new long[] { 64, 32, 32 })]
    [InlineData(16, 16, new long[] { 3, 8, 13, 1 })]
    [InlineData(1, 1, new long[] { 9, 4 })]
    [InlineData(3, 3, new long[] { 5, 16, 2 })]
    public void Batch_norm_of_pieces_has_the_bits_of_batch_norm_of_the_whole(int height, int width, long[] channels)
    {
        using var scope = NewDisposeScope();
        manual_seed(height);
        Tensor[] pieces = [.. channels.Select(c => randn(3, c, height, width).mul(3).add(0.7))];
        var whole = cat(pieces, 1);
        var (one, several) = (nn.BatchNorm2d(channels.Sum()), nn.BatchNorm2d(channels.Sum()));
        using (no_grad())
            foreach (var (a, b) in one.parameters().Zip(several.parameters())) b.copy_(a.uniform_(-1, 1));
        var (ofOne, ofSeveral) = (new BatchNorm2d(one, relu: true), new BatchNorm2d(several, relu: true));
        using var noGrad = no_grad();
        var expected = ofOne.Forward(whole, new RunMode(Training: true, Masked: true), out var theirs);
        Same(expected, ofSeveral.ForwardPieces(pieces, new RunMode(Training: true, Masked: true), out var ours));
        foreach (var (a, b) in theirs.Zip(ours)) Same(a, b);
        foreach (var (a, b) in one.buffers().Zip(several.buffers())) Same(a, b);
        Same(expected, ofSeveral.Reapply(pieces, ours));
        var (gradient, masked) = (randn(whole.shape), empty_like(whole));
        ofSeveral.Mask(pieces, gradient, ours, masked);
        Same(gradient.masked_fill(expected.le(0), 0), masked);
    }

    [Theory]
    [InlineData(3, 2, 1, false, 112, 112)]
    [InlineData(3, 2, 0, true, 57, 44)]
    [InlineData(3, 1, 1, false, 28, 28)]
    [InlineData(2, 2, 0, false, 32, 66)]
    [InlineData(2, 2, 1, true, 9, 35)]
    [InlineData(5, 1, 2, false, 6, 5)]
    public void Max_pooling_has_the_values_the_places_and_the_gradients_of_libtorch(long kernel, long stride,
        long padding, bool ceiling, long height, long width)
    {
        using var scope = NewDisposeScope();
        manual_seed(kernel);
        var op = new MaxPool2d(kernel, stride, padding, ceiling);
        var x = randn(2, 5, height, width).mul(2).round(); // many equal numbers
        x[0, 0, 2] = float.NaN;
        x[0, 1, 3, 4] = float.NaN;
        x[1, 2] = float.NegativeInfinity;
        x[1, 3] = -0f;
        x[1, 3, 1] = 0f;
        // else libtorch's own is called
        Assert.Equal(System.Runtime.Intrinsics.X86.Avx512F.IsSupported, MaxPoolKernel.Takes(x, (stride, stride)));

        var leaf = x.clone().requires_grad_(true);
        var (expected, places) = nn.functional.max_pool2d_with_indices(leaf, [kernel, kernel], [stride, stride],
            [padding, padding], null, ceiling);
        var gradient = randn(expected.shape);
        expected.backward([gradient]);
        var y = op.Forward(x, new RunMode(Training: true), out var kept);
        Same(expected.detach(), y);
        Same(places, kept[0]);
        // of the input only the shape is read
        Same(leaf.grad!, op.Backward(full_like(x, float.NaN), gradient, kept, wantsInput: true)!);
        using var noGrad = no_grad();
        Same(expected.detach(), op.Forward([x], new RunMode(Training: true)));
    }

    [Theory]
    [InlineData(2, 2, 0, false, true)]
    [InlineData(3, 2, 1, true, true)]
    [InlineData(3, 1, 1, false, false)]
    public void Mean_pooling_has_the_gradients_of_libtorch_without_reading_its_input(long kernel, long stride,
        long padding, bool ceiling, bool countPadding)
    {
        using var scope = NewDisposeScope();
        manual_seed(kernel);
        var op = new AvgPool2d(kernel, stride, padding, ceiling, countPadding);
        var x = randn(2, 5, 9, 12);
        var leaf = x.clone().requires_grad_(true);
        var expected = op.Forward([leaf], new RunMode(Training: true));
        var gradient = randn(expected.shape);
        expected.backward([gradient]);
        using var noGrad = no_grad();
        Assert.True(op.RunsDirect(x));
        Same(expected.detach(), op.Forward(x, new RunMode(Training: true), out var kept));
        Same(leaf.grad!, op.Backward(full_like(x, float.NaN), gradient, kept, wantsInput: true)!);
    }

    [Theory]
    [InlineData(3, 7, 5)]
    [InlineData(16, 16, 16)]
    [InlineData(9, 1, 1)]
    [InlineData(5, 3, 5)]
    [InlineData(6, 13, 13)]
    public void A_gradient_is_masked_by_the_input_of_a_batch_norm_as_libtorch_masks_it_by_the_output(int channels,
        int height, int width)
    {
        using var scope = NewDisposeScope();
        manual_seed(channels);
        var x = randn(4, channels, height, width);
        var (mean, inverse, weight, bias) = (randn(channels), rand(channels).add(0.5), randn(channels),
            randn(channels));
        (weight[0], bias[0]) = (0f, 0f);                                        // zeros of both signs
        (mean[1], inverse[1], weight[1], bias[1]) = (0f, 1f, 1e-40f, 0f);       // denormals
        (mean[2], inverse[2], weight[2], bias[2]) = (float.NaN, 1f, 1f, 0f);    // NaN everywhere
        x[0, 0, 0, 0] = float.PositiveInfinity;                                 // NaN in one place
        var normalised = empty_like(x);
        BatchNormKernel.Apply([x], normalised, mean, inverse, weight, bias, rectify: false);
        Assert.True(normalised.eq(0).any().item<bool>() && normalised.isnan().any().item<bool>());
        var leaf = normalised.requires_grad_(true);
        var wide = randn(4, channels + 3, height, width);
        var part = wide.narrow(1, 2, channels); // as a join hands it on
        leaf.relu().backward([part]);

        var masked = empty_like(x);
        Assert.True(BatchNormKernel.Masks([x], part, masked));
        BatchNormKernel.Mask([x], part, masked, mean, inverse, weight, bias);
        Same(leaf.grad!, masked);
        var inPlace = part.contiguous();
        BatchNormKernel.Mask([x], inPlace, inPlace, mean, inverse, weight, bias);
        Same(leaf.grad!, inPlace);

        // What the kernel does not take goes by way of the output.
        var module = nn.BatchNorm2d(channels);
        using (no_grad())
        {
            module.weight!.copy_(weight);
            module.bias!.copy_(bias);
        }
        var gaps = cat([part, part], 3)[TensorIndex.Ellipsis, TensorIndex.Slice(0, width)];
        Assert.False(BatchNormKernel.Masks([x], gaps, masked.fill_(float.NaN)));
        new BatchNorm2d(module, relu: true).Mask([x], gaps, [mean, inverse], masked);
        Same(leaf.grad!, masked);
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

    private static void Same(Tensor expected, Tensor actual)
        => Assert.Equal(expected.contiguous().bytes.ToArray(), actual.contiguous().bytes.ToArray());

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
