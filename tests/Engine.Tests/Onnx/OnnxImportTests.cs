using Interactive.Graphs;
using Interactive.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>What a file does not say outright: which numbers train, and at what rate values are dropped.</summary>
public class OnnxImportTests
{
    private static OnnxTensor Floats(params float[] numbers) => Floats([numbers.Length], numbers);

    private static OnnxTensor Floats(long[] sizes, float[] numbers)
    {
        var tensor = new OnnxTensor { Type = OnnxTypes.Float };
        tensor.Sizes.AddRange(sizes);
        tensor.Floats.AddRange(numbers);
        return tensor;
    }

    private static Graph Read(string name, (string Name, OnnxTensor Numbers)[] weights,
        params (string Operator, string[] Inputs, (string, OnnxAttribute)[] Settings)[] nodes)
    {
        var model = new OnnxModel { Opset = 18 };
        model.Graph.Inputs.Add(new("x", OnnxTypes.Float, ["batch", "4"]));
        model.Graph.Outputs.Add(new($"v{nodes.Length - 1}", OnnxTypes.Float, ["batch", "4"]));
        foreach (var (weight, numbers) in weights)
        {
            numbers.Name = weight;
            numbers.Raw = System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(numbers.Floats.ToArray())
                .ToArray();
            model.Graph.Weights[weight] = numbers;
        }
        foreach (var (node, i) in nodes.Select((n, i) => (n, i)))
            model.Graph.Nodes.Add(new OnnxNode
            {
                Operator = node.Operator,
                Inputs = [.. node.Inputs],
                Outputs = [$"v{i}"],
                Attributes = node.Settings.ToDictionary(s => s.Item1, s => s.Item2),
            });
        var path = Path.Combine(OnnxFiles.Folder, name + ".onnx");
        using (var stream = File.Create(path)) OnnxWriter.Write(model, stream);
        return Graph.FromOnnx(path);
    }

    [Theory]
    [InlineData(new float[] { 0, 1, 1, 0 }, false)]
    [InlineData(new float[] { 0, -1e9f, 0, 0 }, false)]
    [InlineData(new float[] { 0.5f, -0.5f, 0.25f, 0 }, true)]
    [InlineData(new float[] { 0, 0, 0, 0 }, true)]
    [InlineData(new float[] { 1e-6f, 1e-6f, 1e-6f, 1e-6f }, true)]
    public void A_mask_among_the_weights_does_not_train(float[] numbers, bool trains)
    {
        using var graph = Read("masked",
            [("scale", Floats(numbers)),
            ("fc.weight", Floats([4, 4], [.. Enumerable.Range(0, 16).Select(i => i / 16f)]))],
            ("Mul", ["x", "scale"], []), ("Gemm", ["v0", "fc.weight"], [("transB", 1L)]));
        Assert.Equal(trains ? ["fc.weight", "scale"] : ["fc.weight"],
            graph.named_parameters().Select(p => p.name).Order());
        using var x = rand(3, 4);
        using var scaled = x * tensor(numbers);
        using var y = graph.Forward([x])[0];
        using var right = scaled.matmul(graph.state_dict()["fc.weight"].t());
        Assert.True(y.allclose(right), "other numbers");
    }

    [Fact]
    public void A_mask_of_minus_infinity_does_not_train()
        => Assert.Empty(Read("infinite", [("mask", Floats(0, 1, float.NegativeInfinity, 3))],
        ("Add", ["x", "mask"], [])).named_parameters());

    [Fact]
    public void A_batch_norm_of_a_file_written_in_training_has_both_modes()
    {
        using var scope = NewDisposeScope();
        using var graph = Read("trained",
            [("scale", Floats(1, 2, 3, 4)), ("bias", Floats(0.5f, 0.25f, 0, 1)), ("mean", Floats(1, 2, 3, 4.5f)), ("var", Floats(4, 1, 2, 3))],
            ("BatchNormalization", ["x", "scale", "bias", "mean", "var"], [("training_mode", 1L)]));
        var x = randn(8, 4) + 1;
        graph.eval();
        Tensor mean = tensor(new float[] { 1, 2, 3, 4.5f }), variance = tensor(new float[] { 4, 1, 2, 3 });
        Assert.True(graph.call(x).allclose(nn.functional.batch_norm(x, mean, variance, tensor(new float[] { 1, 2, 3, 4 }), tensor(new float[] { 0.5f, 0.25f, 0, 1 }))));
        graph.train();
        Assert.True(graph.call(x).mean([0]).allclose(tensor(new float[] { 0.5f, 0.25f, 0, 1 }), 1e-4, 1e-4));
        Assert.False(graph.named_buffers().Single(b => b.name.EndsWith("running_mean", StringComparison.Ordinal)).buffer.allclose(mean));
    }

    [Fact]
    public void A_weight_that_is_cast_trains()
    {
        using var graph = Read("cast", [("fc.half", Floats([4, 4], [.. Enumerable.Range(0, 16).Select(i => i / 16f)]))],
            ("Cast", ["fc.half"], [("to", 1L)]), ("Gemm", ["x", "v0"], []));
        Assert.Equal(16, Assert.Single(graph.parameters()).numel());
    }

    [Fact]
    public void Attention_with_dropout_drops()
    {
        using var scope = NewDisposeScope();
        using var graph = Read("dropping", [("ratio", Floats([], [0.5f])), ("fc.weight", Floats([4, 4], [.. Enumerable.Range(0, 16).Select(i => i / 16f)]))],
            ("Gemm", ["x", "fc.weight"], []), ("Unsqueeze", ["v0"], [("axes", new long[] { 1 })]), ("Transpose", ["v1"], [("perm", new long[] { 0, 2, 1 })]),
            ("MatMul", ["v1", "v2"], []), ("Softmax", ["v3"], [("axis", -1L)]), ("Dropout", ["v4", "ratio"], []), ("MatMul", ["v5", "v1"], []));
        Assert.Contains(graph.Nodes, n => n.Op.Kind == "dropout");
    }

    [Fact]
    public void Dropout_drops_at_the_rate_of_its_input()
    {
        var ratio = new OnnxTensor { Type = OnnxTypes.Float };
        ratio.Floats.Add(0.125f);
        using var graph = Read("dropping", [("ratio", ratio)], ("Dropout", ["x", "ratio"], []));
        using var y = graph.Forward([ones(1000, 4)])[0];
        var kept = y.ne(0).sum().item<long>();
        Assert.InRange(kept, 3350, 3650); // of 4000, seven in eight are 3500, deviation 21
        Assert.Equal(8 / 7.0, y.max().item<float>(), 6);
    }

    [Fact]
    public void A_group_norm_that_is_spelled_out_is_one_again()
    {
        manual_seed(1);
        var builder = new GraphBuilder("groups", new Shape(6, 4, 4));
        using var graph = builder.Build(builder.Input.GroupNorm(3));
        using (no_grad()) graph.parameters().First().uniform_(0.5, 1.5);
        var path = Path.Combine(OnnxFiles.Folder, "groups.onnx");
        graph.ToOnnx(path);
        var import = OnnxImport.Read(path);
        Assert.Equal(1, import.Fused["group norm"]);
        Assert.Equal(["group_norm"], import.Graph.Nodes.Select(n => n.Op.Kind));
        using var x = rand(2, 6, 4, 4);
        Assert.True(graph.Forward([x])[0].bytes.SequenceEqual(import.Graph.Forward([x])[0].bytes), "other bits");
    }
}
