using Interactive.Graphs;
using Interactive.Models;
using Interactive.Onnx;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>
/// Nets written as ONNX: ONNX Runtime computes what the engine does, ONNX's own checker takes the file, and it comes
/// back with its bits.
/// </summary>
public class OnnxExportTests
{
    [Theory]
    [InlineData("resnet18", "3x32x32")]
    [InlineData("densenet121", "3x32x32")]
    [InlineData("mobilenetv2", "3x32x32")]
    [InlineData("unet", "3x32x32")]
    [InlineData("gpt", null)]
    [InlineData("lenet5", null)]
    [Trait("Speed", "slow")]
    public void A_model_of_the_zoo_is_written_and_comes_back_with_its_bits(string name, string? image)
    {
        manual_seed(2);
        using var graph = Zoo.Create(name, new ModelOptions { Image = image is null ? null : Shape.Parse(image) });
        Check(graph, name);
    }

    [Fact, Trait("Speed", "slow")]
    public void A_net_of_many_layers_is_written_and_comes_back_with_its_bits()
    {
        manual_seed(4);
        var builder = new GraphBuilder("many", new Shape(3, 16, 16));
        var x = builder.Input.Conv(8, 3, padding: 1).BatchNorm().Relu();
        x = x.Conv(8, 3, padding: 1, groups: 8, bias: false).GroupNorm(2).Silu().Add(x);
        x = x.MaxPool(2).Conv(16, 1).Hardswish().Upsample(2, bilinear: true).AvgPool(2);
        x = x.ToTokens().LayerNorm().Linear(48).Attention(4).Gelu().Linear(16).Gelu(tanh: true);
        x = x.Lstm(8, layers: 2, bidirectional: true).PositionalEmbedding().PrependToken().SelectToken(0);
        Check(builder.Build(x.Softplus().Linear(5).LogSoftmax()), "many");
    }

    [Fact]
    public void A_traced_module_is_written()
    {
        manual_seed(5);
        using var net = nn.Sequential(("conv", nn.Conv2d(3, 6, 3)), ("prelu", nn.LeakyReLU(0.2)),
            ("pool", nn.AdaptiveAvgPool2d(2)), ("flat", nn.Flatten()), ("head", nn.Linear(24, 4)));
        Check(Graph.Trace(net, randn(2, 3, 10, 10)), "traced");
    }

    [Theory]
    [InlineData(PaddingModes.Constant)]
    [InlineData(PaddingModes.Reflect)]
    [InlineData(PaddingModes.Replicate)]
    public void A_graph_that_pads_inside_a_module_is_written(PaddingModes mode)
    {
        manual_seed(7);
        var inner = Graph.Trace(new Padded(mode), randn(2, 3, 6, 6));
        Check(Graph.Trace(new Around(inner), randn(2, 3, 6, 6)), $"padded-{mode}");
    }

    private sealed class Padded(PaddingModes mode) : nn.Module<Tensor, Tensor>("padded")
    {
        public override Tensor forward(Tensor x) => nn.functional.pad(x, [1, 2, 0, 1], mode);
    }

    private sealed class Around(Graph inner) : nn.Module<Tensor, Tensor>("around")
    {
        public override Tensor forward(Tensor x) => inner.call(x).relu();
    }

    private static void Check(Graph graph, string name)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var path = Path.Combine(OnnxFiles.Folder, $"export-{name}.onnx");
        graph.eval();
        graph.ToOnnx(path);
        var inputs = OnnxRuntimeOracle.Inputs(graph, 3);
        var ours = graph.Forward(inputs)[0];
        Assert.InRange(OnnxRuntimeOracle.Difference(ours, OnnxRuntimeOracle.Run(path, inputs)[0]), 0, 1e-5);
        var back = Graph.FromOnnx(path);
        back.eval();
        Assert.True(back.Forward(inputs)[0].bytes.SequenceEqual(ours.bytes), $"{name} comes back with other bits");
        if (OnnxFiles.HasPython("onnx"))
            OnnxFiles.Python(["-c", $"import onnx; onnx.checker.check_model(onnx.load('{path}'), full_check=True)"]);
    }

    [Fact]
    public void Folded_batch_norms_are_gone_and_the_outputs_stay()
    {
        manual_seed(6);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var builder = new GraphBuilder("folded", new Shape(3, 8, 8));
        var graph =
            builder.Build(builder.Input.Conv(6, 3, name: "a").BatchNorm().Relu().Conv(4, 3, bias: false, name: "b")
            .BatchNorm().Flatten().Linear(3));
        foreach (var (key, tensor) in graph.state_dict())
            if (key.Contains("running", StringComparison.Ordinal) && key.Contains("norm", StringComparison.Ordinal))
                tensor.uniform_(0.5, 1.5);
        graph.eval();
        var path = Path.Combine(OnnxFiles.Folder, "folded.onnx");
        graph.ToOnnx(path, new OnnxExportOptions { FoldBatchNorm = true });
        Assert.DoesNotContain(OnnxReader.Read(path).Graph.Nodes, n => n.Operator == "BatchNormalization");
        var inputs = OnnxRuntimeOracle.Inputs(graph, 3);
        Assert.InRange(OnnxRuntimeOracle.Difference(graph.Forward(inputs)[0], OnnxRuntimeOracle.Run(path, inputs)[0]),
            0, 1e-5);
    }

    [Fact]
    public void Classes_and_preprocessing_are_kept_in_the_file()
    {
        var builder = new GraphBuilder("named", new Shape(3, 4, 4));
        using var graph = builder.Build(builder.Input.Flatten().Linear(2));
        var path = Path.Combine(OnnxFiles.Folder, "named.onnx");
        graph.ToOnnx(path,
            new OnnxExportOptions
            {
                Classes = ["cat",
            "dog"], Normalisation = Interactive.Data.Normalisation.ImageNet
            });
        using var model = Model.FromOnnx(path);
        Assert.Equal(["cat", "dog"], model.Classes);
        Assert.Equal(Interactive.Data.Normalisation.ImageNet.Mean, model.Normalisation!.Mean);
        Assert.Contains("the names of 1 classes",
            Assert.Throws<UsageException>(() => graph.ToOnnx(path, new OnnxExportOptions { Classes = ["cat"] }))
            .Message);
    }
}
