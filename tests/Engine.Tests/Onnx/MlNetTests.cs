using Interactive.Graphs;
using Interactive.Onnx;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>An exported net as a stage of an ML.NET pipeline.</summary>
public class MlNetTests
{
    private const int Samples = 5, Pixels = 3 * 10 * 10, Classes = 4;

    [Fact]
    public void An_exported_net_gives_the_same_numbers_in_MLNET()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        manual_seed(1);
        var net = new GraphBuilder("transformed", new Shape(3, 10, 10));
        var graph = net.Build(net.Input.Conv(8, 3).BatchNorm().Relu().MaxPool(2).Flatten().Linear(Classes));
        graph.eval();
        var file = Path.Combine(OnnxFiles.Folder, "mlnet.onnx");
        graph.ToOnnx(file);
        var pictures = randn(Samples, 3, 10, 10);

        var ml = new MLContext();
        var names = Names(file);
        var rows = pictures.flatten(1).data<float>().ToArray().Chunk(Pixels).Select(row => new Picture { Values = row });
        var stages = ml.Transforms.CopyColumns(names.Input, nameof(Picture.Values))
            .Append(ml.Transforms.ApplyOnnxModel([names.Output], [names.Input], file));
        var data = ml.Data.LoadFromEnumerable(rows);
        var column = stages.Fit(data).Transform(data).GetColumn<float[]>(names.Output).ToArray();

        var ours = graph.call(pictures);
        var theirs = tensor(column.SelectMany(row => row).ToArray(), Samples, Classes);
        Assert.InRange(OnnxRuntimeOracle.Difference(ours, theirs), 0, 1e-5);
    }

    private static (string Input, string Output) Names(string file)
    {
        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(file);
        return (session.InputNames[0], session.OutputNames[0]);
    }

    private sealed class Picture
    {
        [VectorType(Pixels)]
        public float[] Values { get; set; } = [];
    }
}
