using Interactive.Graphs;
using Interactive.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>Nets as Debian's PyTorch exports them: imported, with ONNX Runtime's outputs, and written again.</summary>
[Trait("Speed", "slow")]
public class OnnxModelTests
{
    private static readonly OnnxOptions Words = new() { Sizes = new Dictionary<string, long> { ["sequence"] = 12 } };

    [SkippableTheory]
    [InlineData("resnet18", "BatchNormalization", 20)]
    [InlineData("squeezenet1_1", "Concat", 8)]
    [InlineData("densenet121", "Concat", 62)]
    [InlineData("mobilenet_v2", "Clip", 35)]
    [InlineData("mobilenet_v3_small", "HardSigmoid", 28)]
    [InlineData("efficientnet_b0", "Sigmoid", 65)]
    [InlineData("shufflenet_v2_x0_5", "Transpose", 16)]
    [InlineData("regnet_y_400mf", "Sigmoid", 16)]
    [InlineData("mnasnet0_5", "Conv", 52)]
    [InlineData("convnext", "Erf", 4)]
    [InlineData("vgg", "MaxPool", 3)]
    [InlineData("vit", "Softmax", 2)]
    [InlineData("swin", "Softmax", 4)]
    [InlineData("unet", "Resize", 1)]
    [InlineData("tagger", "LSTM", 1)]
    [InlineData("bert", "Softmax", 3)]
    [InlineData("gpt", "Tanh", 2)]
    public void An_exported_net_has_ONNX_Runtimes_outputs_and_comes_back_with_its_bits(string name, string holds,
        int count)
    {
        var path = OnnxFiles.Exported(name);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        manual_seed(3);
        var import = OnnxImport.Read(path, Words);
        Assert.Equal(count, import.Operators[holds]);
        import.Graph.eval();
        var inputs = OnnxRuntimeOracle.Inputs(import.Graph, 3);
        var ours = import.Graph.Forward(inputs);
        var theirs = OnnxRuntimeOracle.Run(path, inputs);
        for (var i = 0; i < theirs.Length; i++)
            Assert.InRange(OnnxRuntimeOracle.Difference(ours[i], theirs[i]), 0, 1e-5);

        var again = Path.Combine(OnnxFiles.Folder, name + ".again.onnx");
        import.Graph.ToOnnx(again);
        var runtimes = OnnxRuntimeOracle.Run(again, inputs);
        for (var i = 0; i < theirs.Length; i++)
            Assert.InRange(OnnxRuntimeOracle.Difference(ours[i], runtimes[i]), 0, 1e-5);
        var back = Graph.FromOnnx(again);
        back.eval();
        var same = back.Forward(inputs);
        for (var i = 0; i < ours.Count; i++)
            Assert.True(ours[i].bytes.SequenceEqual(same[i].bytes), $"output {i} has other bits");
    }

    [SkippableTheory]
    [InlineData("bert", "layer norm", 7)]
    [InlineData("bert", "GELU", 3)]
    [InlineData("bert", "attention", 3)]
    [InlineData("gpt", "GELU by tanh", 2)]
    [InlineData("gpt", "attention", 2)]
    [InlineData("vit", "attention", 2)]
    [InlineData("efficientnet_b0", "SiLU", 49)]
    public void What_is_spelled_out_is_recognised(string name, string what, int count)
        => Assert.Equal(count, OnnxImport.Read(OnnxFiles.Exported(name), Words).Fused.GetValueOrDefault(what));

    [SkippableFact]
    public void An_imported_net_trains_under_a_budget_with_the_bits_of_none()
    {
        var (plain, planned) = (Train(""), Train("40%"));
        Assert.Equal(plain.Keys.Order(), planned.Keys.Order());
        foreach (var (key,
            numbers) in plain) Assert.True(numbers.SequenceEqual(planned[key]), $"{key} has other bits under a budget");

        static Dictionary<string, byte[]> Train(string budget)
        {
            using var scope = NewDisposeScope();
            manual_seed(1);
            var graph = Graph.FromOnnx(OnnxFiles.Exported("resnet18"));
            var data = new Interactive.Data.TensorDataset(rand(32, 3, 64, 64, generator: new Generator(1)),
                randint(0, 10, 32, ScalarType.Int64, generator: new Generator(2)));
            var folder = Directory.CreateTempSubdirectory("interactive-onnx-");
            try
            {
                var trainer = new Interactive.Training.Trainer(graph, data, data,
                    new Interactive.Training.TrainerOptions
                    {
                        Name = "onnx",
                        Epochs = 1,
                        BatchSize = 8,
                        MemoryBudget = budget,
                        Out = folder.FullName,
                        Progress = false,
                        Device = "cpu",
                    });
                trainer.Run();
                return graph.state_dict().ToDictionary(t => t.Key, t => t.Value.bytes.ToArray());
            }
            finally { folder.Delete(recursive: true); }
        }
    }
}
