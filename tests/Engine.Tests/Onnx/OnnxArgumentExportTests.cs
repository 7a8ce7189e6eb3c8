using Interactive.Graphs;
using Interactive.Onnx;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>Arguments that change an operator's numbers: ONNX Runtime has the net's, for three batches.</summary>
public sealed class OnnxArgumentExportTests
{
    private static readonly TensorIndex All = TensorIndex.Colon;

    // Over a batch of samples of these sizes, with a layer of the case's own.
    private static readonly Dictionary<string, (long[] Sample, Func<nn.Module<Tensor, Tensor>?> Layer, Func<nn.Module<Tensor, Tensor>?, Tensor, Tensor> Of)> Cases = new()
    {
        ["a norm without scale"] = ([3, 5, 5], () => nn.BatchNorm2d(3, affine: false), (l, x) => l!.call(x) * 2),
        ["an instance norm by running numbers"] = ([3, 5, 5], () => nn.InstanceNorm2d(3, affine: true, track_running_stats: true), (l, x) => l!.call(x)),
        ["the same without scale"] = ([3, 5], () => nn.InstanceNorm1d(3, track_running_stats: true), (l, x) => l!.call(x)),
        ["a weighed product"] = ([4], None, (_, x) => addmm(x, x, ones(4, 4), 0.5f, 2)),
        ["weighed products of batches"] = ([4, 4], None, (_, x) => x.baddbmm(x, x, 0.5f, 2)),
        ["a divisor of its own"] = ([3, 8, 8], None, (_, x) => F.avg_pool2d(x, 2, 2, divisor_override: 3)),
        ["a softplus with an edge"] = ([6], None, (_, x) => F.softplus(x * 3, 1, 1)),
        ["rounding to digits"] = ([6], None, (_, x) => x.round(2)),
        ["bounds that are tensors"] = ([6], None, (_, x) => x.clamp(tensor(-0.3f), tensor(0.4f))),
        ["rolled by more than its size"] = ([4], None, (_, x) => x.roll(6, 1) + x.roll(-7, 1)),
        ["nearest by a scale"] = ([3, 5, 5], None, (_, x) => F.interpolate(x, scale_factor: [2.5, 1.3], mode: InterpolationMode.Nearest)),
        ["bilinear by a scale"] = ([3, 5, 5], None, (_, x) => F.interpolate(x, scale_factor: [2.5, 1.3], mode: InterpolationMode.Bilinear, align_corners: false)),
        ["bicubic by a scale"] = ([3, 5, 5], None, (_, x) => F.interpolate(x, scale_factor: [2.5, 1.3], mode: InterpolationMode.Bicubic, align_corners: false)),
        ["trilinear"] = ([3, 4, 4, 4], None, (_, x) => F.interpolate(x, [6, 6, 6], mode: InterpolationMode.Trilinear, align_corners: false)),
        ["as many places as before"] = ([4, 9, 9], () => nn.Conv2d(4, 6, (2L, 4L), stride: (1L, 1L), padding: Padding.Same), (l, x) => l!.call(x)),
        ["edges in a circle"] = ([4, 9, 9], () => nn.Conv2d(4, 6, 3, padding: 1, padding_mode: PaddingModes.Circular), (l, x) => l!.call(x)),
        ["pools that overlap"] = ([3, 5, 5], None, (_, x) => F.adaptive_avg_pool2d(x, new long[] { 7, 3 })),
        ["fewer places than numbers"] = ([4], None, (_, x) => zeros_like(x).scatter(1, x.argmax(1, true), ones_like(x))),
        ["a choice of two types"] = ([6], None, (_, x) => where(x > 0, x, x.argmax(1, keepdim: true)) + x.minimum(x.argmax(1, keepdim: true))),
        ["a power of whole numbers"] = ([6], None, (_, x) => x.argmax(1, keepdim: true).pow(0.5) + (1.5 - x.argmax(1, keepdim: true)) + pow(2.0, x)),
        ["truths are counted"] = ([6], None, (_, x) => (x > 0).sum(1).to(float32) + (x > 1).any(1) + (x > -1).all(1)),
        ["division that rounds"] = ([6], None, (_, x) => x.div(0.3, RoundingMode.floor) + x.div(0.3, RoundingMode.trunc) + x.argmin(1, keepdim: true).mul(-1).div(2, RoundingMode.floor)),
        ["lists of places"] = ([4, 6], None, (_, x) => x[All, TensorIndex.Tensor(tensor(new long[] { 3, -3 })), TensorIndex.Tensor(tensor(new long[] { 2, -1 }))]),
        ["a place for each sample"] = ([4, 6], None, (_, x) => x[TensorIndex.Tensor(arange(x.shape[0])), TensorIndex.Tensor(x.sum([2L]).argmax(1))]),
        ["a mask that is known"] = ([4], None, (_, x) => x[All, TensorIndex.Tensor(tensor(new[] { true, false, true, true }))]),
        ["norms of other orders"] = ([6], None, (_, x) => x.norm(1, false, 3) + x.norm(1, false, float.PositiveInfinity)),
        ["likeness"] = ([6], None, (_, x) => F.cosine_similarity(x, x * x + 1, 1) + F.pairwise_distance(x, x * x)),
        ["pixels and channels"] = ([4, 4, 4], None, (_, x) => F.pixel_unshuffle(x, 2).mean([2L, 3L]) + nn.ChannelShuffle(2).call(x).mean([2L, 3L]).repeat_interleave(4, 1)),
        ["functions"] = ([6], None, (_, x) => x.abs().log1p() + x.expm1() + x.atan() + x.trunc() + x.lerp(x * x, 0.3) + x.addcmul(x, x, 0.5) + F.logsigmoid(x) + F.hardshrink(x, 0.3) + F.softshrink(x, 0.3)),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    private static nn.Module<Tensor, Tensor>? None() => null;

    private sealed class Net : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor>? layer;
        private readonly Func<nn.Module<Tensor, Tensor>?, Tensor, Tensor> of;

        public Net(nn.Module<Tensor, Tensor>? layer, Func<nn.Module<Tensor, Tensor>?, Tensor, Tensor> of) : base("net")
        {
            (this.layer, this.of) = (layer, of);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => of(layer, x);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void OnnxRuntime_HasTheNumbersOfTheNet(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var (sample, layer, of) = Cases[name];
        var net = new Net(layer(), of);
        using var graph = Graph.Trace(net, randn([4, .. sample]));
        foreach (var (key, buffer) in net.named_buffers())
            if (key.Contains("running", StringComparison.Ordinal)) buffer.uniform_(0.5, 1.5);
        graph.eval();
        net.eval();
        var path = Path.Combine(OnnxFiles.Folder, $"argument-{Guid.NewGuid():N}.onnx");
        graph.ToOnnx(path);
        using var noGrad = no_grad();
        foreach (var batch in (long[])[1, 2, 7])
        {
            var x = randn([batch, .. sample]);
            var y = net.call(x).contiguous();
            Assert.InRange(OnnxRuntimeOracle.Difference(y, OnnxRuntimeOracle.Run(path, [x])[0]), 0, 1e-5);
        }
        File.Delete(path);
    }

    [Fact]
    public void WholeNumbersAlone_AreWritten()
    {
        using var net = new Net(nn.Linear(6, 4), (l, x) => l!.call(x).argmax(1));
        using var graph = Graph.Trace(net, randn(4, 6));
        var path = Path.Combine(OnnxFiles.Folder, "whole.onnx");
        graph.ToOnnx(path);
        using var back = Graph.FromOnnx(path);
        using var x = randn(5, 6);
        Assert.Equal(net.call(x).data<long>().ToArray(), back.call(x).data<long>().ToArray());
    }

    [Fact]
    public void RollingTheNumbersOfAllSamples_IsRefused()
    {
        using var graph = Graph.Trace(new Net(null, (_, x) => x.roll(1)), randn(4, 6));
        Assert.Contains("it rolls the numbers of all samples as one",
            Assert.Throws<UsageException>(() => graph.ToOnnx(Path.Combine(OnnxFiles.Folder, "never.onnx"))).Message);
    }

    // What a writer of an operator forgets is not left to whoever runs the file.
    [Fact]
    public void AFileOfOtherNumbers_IsNotWritten()
    {
        using var scope = NewDisposeScope();
        using var graph = Graph.Trace(new Net(nn.Linear(6, 4), (l, x) => l!.call(x).relu()), randn(4, 6));
        graph.eval();
        var model = OnnxExport.Make(graph, new());
        ExportCheck.Run(graph, model, [randn(3, 6)]);
        model.Graph.Nodes.Single(n => n.Operator == "Relu").Operator = "Sigmoid";
        Assert.Contains("would have other numbers than the net's", Assert.Throws<UsageException>(() => ExportCheck.Run(graph, model, [randn(3, 6)])).Message);
    }

    // The convolution's own result is an output, too.
    [Fact]
    public void AResultThatIsAnOutput_IsNotFolded()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var builder = new GraphBuilder("two", new Shape(3, 8, 8));
        var conv = builder.Input.Conv(6, 3);
        using var graph = builder.Build(conv.BatchNorm(), conv);
        foreach (var (key, tensor) in graph.state_dict())
            if (key.Contains("running", StringComparison.Ordinal)) tensor.uniform_(0.5, 1.5);
        graph.eval();
        var path = Path.Combine(OnnxFiles.Folder, "two.onnx");
        graph.ToOnnx(path, new OnnxExportOptions { FoldBatchNorm = true });
        var x = randn(3, 3, 8, 8);
        var (ours, theirs) = (graph.Forward([x]), OnnxRuntimeOracle.Run(path, [x]));
        for (var i = 0; i < 2; i++) Assert.InRange(OnnxRuntimeOracle.Difference(ours[i], theirs[i]), 0, 1e-5);
    }
}
