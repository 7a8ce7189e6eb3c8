using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>Layers and functions with settings off their defaults, over 4 x 6 x 6: ONNX Runtime gives the numbers of the module itself.</summary>
public sealed class OnnxLayerExportTests
{
    private static readonly Dictionary<string, Func<nn.Module<Tensor, Tensor>>> Cases = new()
    {
        // settings that were once left out without a word
        ["batch norm without weights"] = () => nn.BatchNorm2d(4, affine: false),
        ["instance norm of running statistics"] = () => nn.InstanceNorm2d(4, affine: true, track_running_stats: true),
        ["instance norm without weights"] = () => nn.InstanceNorm2d(4),
        ["average by a number of its own"] = () => nn.AvgPool2d(2, divisor_override: 3),
        ["average over the edge"] = () => nn.AvgPool2d(3, 2, 1, ceil_mode: true, count_include_pad: false),
        ["soft below a threshold"] = () => nn.Softplus(2, 5),
        ["stretched by factors"] = () => Of(x => F.interpolate(x, scale_factor: [1.5, 1.7], mode: InterpolationMode.Bilinear, align_corners: false)),
        ["a slope a channel"] = () => nn.PReLU(4),
        ["weighed products"] = () => Of(x => baddbmm(x[.., 0], x[.., 1], x[.., 2], 0.5f, 2f) + addmm(ones(6), x[.., 3].flatten(0, 1), ones(6, 6), 0.25f, 3f).view(-1, 6, 6)),
        ["truth counted"] = () => Of(x => x.gt(0).sum(2).to(float32) + x.gt(1).any(2, false).to(float32) + x.gt(-2).all(2, false).to(float32)),
        // what there was no counterpart of
        ["convolution of the same size"] = () => nn.Conv2d(4, 3, 4, padding: Padding.Same),
        ["convolution that circles"] = () => nn.Conv2d(4, 3, 3, padding: 1, padding_mode: PaddingModes.Circular),
        ["padding that circles"] = () => Of(x => F.pad(x, [1, 2, 0, 1], PaddingModes.Circular)),
        ["patches"] = () => nn.Unfold((2, 3), padding: (1, 1), stride: (2, 1)),
        ["cubic"] = () => nn.Upsample(size: [9, 11], mode: UpsampleMode.Bicubic, align_corners: false),
        ["linear"] = () => Of(x => F.interpolate(x[.., 0], [9], mode: InterpolationMode.Linear, align_corners: true)),
        ["trilinear"] = () => Of(x => F.interpolate(x.unsqueeze(1), [6, 8, 9], mode: InterpolationMode.Trilinear, align_corners: false)),
        ["nearest"] = () => Of(x => F.interpolate(x[.., 0], [9], mode: InterpolationMode.Nearest)),
        ["pixels apart"] = () => nn.PixelUnshuffle(2),
        ["channels in turn"] = () => nn.ChannelShuffle(2),
        ["shrinks"] = () => nn.Sequential(nn.Softshrink(0.3), nn.Hardshrink(0.4), nn.Tanhshrink()),
        ["a threshold"] = () => nn.Threshold(0.2, -3),
        ["random slopes in evaluation"] = () => nn.RReLU(),
        ["logarithm of a sigmoid"] = () => nn.LogSigmoid(),
        ["roots and logarithms"] = () => Of(x => x.abs() + 1.1f is var y ? y.log2() + y.log10() + y.log1p() + x.exp2() + x.expm1() + x.erfc() + y.acosh() + hypot(x, y) + logaddexp(x, y) : x),
        ["angles"] = () => Of(x => x.tanh() * 0.9f is var y ? y.asin() + y.acos() + y.atanh() + x.atan() + x.sinh() + x.cosh() + x.asinh() + (x * 0.3f).tan() : x),
        ["rounded"] = () => Of(x => (x * 3).trunc() + x.frac() + x.div(0.3f, RoundingMode.floor) + x.div(0.3f, RoundingMode.trunc) + x.round()),
        ["mixed"] = () => Of(x => x.lerp(x.flip(1), 0.3f) + x.addcmul(x, x, 0.5f) + x.addcdiv(x, x.abs() + 1, 0.5f) + full_like(x, 2.5f)),
        ["products"] = () => Of(x => x.prod(2) + x.cumsum(2).sum(3)),
        ["picked"] = () => Of(x => x[TensorIndex.Colon, TensorIndex.Tensor(tensor(new long[] { 3, 0 }))] + x.unbind(1)[2].unsqueeze(1)),
        ["one of six"] = () => Of(x => F.one_hot(x.argmax(3), 6).to(float32)),
        ["similar"] = () => Of(x => F.cosine_similarity(x, x.flip(1), 2)),
        // made of others: those are written
        ["side by side"] = () => Of(x => hstack(x, x * 3).movedim([1], [2]) * 2),
        ["tiles"] = () => Of(x => tile(x, [1, 2]) * tile(x.tensor_split(2, 3)[1], [1, 4])),
        ["inner"] = () => Of(x => inner(x, ones(2, 6)) + tensordot(x, ones(6, 2), [3], [0])),
        ["one by the other"] = () => Of(x => kron(x, ones(1, 2))),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    private static Function Of(Func<Tensor, Tensor> of) => new(of);

    private sealed class Function(Func<Tensor, Tensor> of) : nn.Module<Tensor, Tensor>("function")
    {
        public override Tensor forward(Tensor x) => of(x);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void OnnxRuntimeGivesTheModulesNumbers(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        var module = Cases[name]();
        foreach (var (_, buffer) in module.named_buffers().Where(b => b.buffer.is_floating_point()))
            using (no_grad()) buffer.add_(rand_like(buffer)); // running statistics as after a training
        var graph = Graph.Trace(module, randn(3, 4, 6, 6));
        var path = Path.Combine(Path.GetTempPath(), $"interactive-layer-{Guid.NewGuid():N}.onnx");
        try
        {
            graph.ToOnnx(path);
            module.eval();
            using var silent = no_grad();
            foreach (var batch in (long[])[1, 5])
            {
                var x = randn(batch, 4, 6, 6);
                Assert.InRange(OnnxRuntimeOracle.Difference(module.call(x).contiguous(), OnnxRuntimeOracle.Run(path, [x])[0]), 0, 1e-5);
            }
            var read = Graph.FromOnnx(path);
            read.eval();
            var again = randn(4, 4, 6, 6);
            Assert.InRange(OnnxRuntimeOracle.Difference(module.call(again).contiguous(), read.forward(again).contiguous()), 0, 1e-5);
        }
        finally { File.Delete(path); }
    }

    [Fact]
    public void WhatHasNoCounterpart_IsNamed()
    {
        using var scope = NewDisposeScope();
        using var graph = Graph.Trace(Of(x => x.renorm(2, 1, 1)), randn(3, 4));
        Assert.Contains("there is no counterpart of aten::renorm", Assert.Throws<UsageException>(() => graph.ToOnnx(Path.Combine(Path.GetTempPath(), "never.onnx"))).Message);
    }
}
