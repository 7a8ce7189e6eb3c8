using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>
/// Operators that few exporters write, each in a small net: ONNX Runtime has the same numbers for two batches, and every
/// weight gets a gradient.
/// </summary>
public sealed class OnnxOperatorImportTests : IDisposable
{
    private readonly string path = Path.Combine(Path.GetTempPath(), $"interactive-import-{Guid.NewGuid():N}.onnx");

    public void Dispose() => File.Delete(path);

    private sealed record Step(string Operator, string Inputs, string Outputs, params (string, OnnxAttribute)[] Settings);

    private sealed record Case(long[][] Inputs, Dictionary<string, Tensor> Weights, Step[] Steps, long Batch = 0);

    private static Case Of(string name)
    {
        Dictionary<string, Tensor> gru(long directions, bool bias) => new()
        {
            ["w"] = randn(directions, 15, 4) * 0.4, ["r"] = randn(directions, 15, 5) * 0.4, ["b"] = bias ? randn(directions, 30) * 0.2 : randn(directions, 30) * 0,
        };
        (string, OnnxAttribute)[] size(string direction) => [("hidden_size", 5L), ("direction", direction), ("linear_before_reset", 0L)];
        Step first = new("Transpose", "x", "t", ("perm", new long[] { 1, 0, 2 })), last = new("Transpose", "s", "y", ("perm", new long[] { 2, 0, 1, 3 }));
        var kernel = new Dictionary<string, Tensor> { ["k"] = randn(2, 3, 3, 3) * 0.3 };
        var conv = new Step("Conv", "x k", "c", ("pads", new long[] { 1, 1, 1, 1 }));
        return name switch
        {
            "a GRU that resets first" => new([[6, 4]], gru(1, true), [first, new("GRU", "t w r b", "s", size("forward")), last]),
            "the same backwards" => new([[6, 4]], gru(1, true), [first, new("GRU", "t w r b", "s", size("reverse")), last]),
            "the same both ways" => new([[6, 4]], gru(2, true), [first, new("GRU", "t w r b", "s", size("bidirectional")), last]),
            "an LSTM with peepholes" => new([[6, 4]], Peepholes(1), [first, new("LSTM", "t w r b    p", "s", ("hidden_size", 5L)), last]),
            "peepholes both ways" => new([[6, 4]], Peepholes(2), [first, new("LSTM", "t w r b    p", "s", ("hidden_size", 5L), ("direction", "bidirectional")), last]),
            "lengths that are all of it" => new([[6, 4]], new() { ["w"] = randn(1, 20, 4), ["r"] = randn(1, 20, 5), ["length"] = tensor(new[] { 6 }) },
                [first, new("Shape", "x", "n", ("end", 1L)), new("Expand", "length n", "l"), new("LSTM", "t w r  l", "s", ("hidden_size", 5L)), last]),
            "weights that are made" => new([[6, 4]], new() { ["w"] = randn(20, 4), ["r"] = randn(20, 5), ["b"] = randn(20), ["c"] = randn(20), ["first"] = tensor(new long[] { 0 }) },
                [first, new("Unsqueeze", "w first", "uw"), new("Unsqueeze", "r first", "ur"), new("Concat", "b c", "bc", ("axis", 0L)), new("Unsqueeze", "bc first", "ub"), new("LSTM", "t uw ur ub", "s", ("hidden_size", 5L)), last]),
            "scales that are made" => new([[3, 8, 8]], new() { ["k"] = randn(2, 3, 3, 3), ["one"] = tensor(new[] { 1f, 1f }), ["more"] = tensor(new[] { 2.5f, 1.5f }) },
                [conv, new("Concat", "one more", "scales", ("axis", 0L)), new("Resize", "c  scales", "y", ("mode", "linear"))]),
            "the last state, for one sample" => new([[6, 4]], new() { ["w"] = randn(1, 20, 4), ["r"] = randn(1, 20, 5) },
                [first, new("LSTM", "t w r", "s h", ("hidden_size", 5L)), new("Transpose", "h", "y", ("perm", new long[] { 1, 0, 2 }))], Batch: 1),
            "windows of images" => Windowed("half_pixel"),
            "windows of images, not aligned" => Windowed("output_half_pixel"),
            "a grid" => new([[3, 8, 8], [5, 6, 2]], kernel, [conv, new("GridSample", "c x1", "y", ("align_corners", 1L))]),
            "a cubic grid" => new([[3, 8, 8], [5, 6, 2]], kernel, [conv, new("GridSample", "c x1", "y", ("mode", "bicubic"), ("padding_mode", "border"))]),
            "a determinant" => new([[3, 3]], new() { ["w"] = randn(3, 3) }, [new("MatMul", "x w", "m"), new("Det", "m", "y")]),
            "places of a pool" => new([[3, 8, 8]], kernel, [conv, new("MaxPool", "c", "p i", ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 })),
                new("MaxUnpool", "p i", "y", ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }))]),
            "a spectrum" => new([[32, 1]], new() { ["w"] = randn(32, 1), ["step"] = tensor(4L), ["window"] = hann_window(8) + 0.1 },
                [new("Mul", "x w", "m"), new("STFT", "m step window", "y")]),
            "a choice" => new([[4]], new() { ["w"] = randn(4, 4), ["flags"] = tensor(new[] { true, false, true, true }) },
                [new("MatMul", "x w", "m"), new("Compress", "m flags", "y", ("axis", 1L))]),
            "softmax of a dimension among five" => new([[2, 3, 4, 8]], new() { ["w"] = randn(8, 8) }, [new("MatMul", "x w", "q"),
                new("Transpose", "q", "k", ("perm", new long[] { 0, 1, 2, 4, 3 })), new("MatMul", "q k", "s"), new("Softmax", "s", "p", ("axis", 3L)), new("MatMul", "p q", "y")]),
            "scattered numbers are multiplied" => Scattered("mul"),
            "the larger of scattered numbers" => Scattered("max"),
            "the smaller of scattered numbers" => Scattered("min"),
            "heads of tokens, for one sample" => Heads(1),
            "heads of tokens, for three samples" => Heads(3),
            "a class token, for one sample" => new([[3, 8]], new() { ["token"] = randn(1, 1, 8), ["w"] = randn(8, 8) },
                [new("Concat", "token x", "c", ("axis", 1L)), new("MatMul", "c w", "y")], Batch: 1),
            "a state of zeros, for one sample" => new([[6, 4]], new() { ["w"] = randn(1, 20, 4), ["r"] = randn(1, 20, 5), ["h"] = zeros(1, 1, 5), ["c"] = zeros(1, 1, 5) },
                [first, new("LSTM", "t w r   h c", "s", ("hidden_size", 5L)), last], Batch: 1),
            "like tokens, for one sample" => new([[4, 2]], new() { ["w"] = randn(2, 8), ["axis"] = tensor(new long[] { 1 }), ["all"] = tensor(new long[] { 1, 4, 2 }), ["rows"] = tensor(new long[] { 4, 8 }), ["tokens"] = tensor(new long[] { 4, 1, 8 }) },
            [
                new("ReduceMean", "x axis", "m"), new("Expand", "m all", "e"), new("MatMul", "e w", "h"), new("Transpose", "h", "t", ("perm", new long[] { 1, 0, 2 })),
                new("Reshape", "t rows", "r"), new("Relu", "r", "a"), new("Reshape", "a tokens", "o"), new("Transpose", "o", "y", ("perm", new long[] { 1, 0, 2 })),
            ], Batch: 1),
            "an LSTM that runs backwards" => new([[6, 4]], new() { ["w"] = randn(1, 20, 4), ["r"] = randn(1, 20, 5) },
                [first, new("LSTM", "t w r", "s", ("hidden_size", 5L), ("direction", "reverse")), last]),
            "windows, for two samples" => new([[4, 4, 3]], new() { ["apart"] = tensor(new long[] { 2, 2, 2, 2, 2, 3 }), ["windows"] = tensor(new long[] { -1, 4, 3 }), ["w"] = randn(3, 3) },
                [new("Reshape", "x apart", "a"), new("Transpose", "a", "t", ("perm", new long[] { 0, 1, 3, 2, 4, 5 })), new("Reshape", "t windows", "v"),
                new("Softmax", "v", "p", ("axis", 1L)), new("MatMul", "p w", "m"), new("Reshape", "m apart", "y")], Batch: 2),
            _ => throw new ArgumentException(name),
        };
    }

    private static Dictionary<string, Tensor> Peepholes(long directions) => new()
    {
        ["w"] = randn(directions, 20, 4) * 0.4, ["r"] = randn(directions, 20, 5) * 0.4, ["b"] = randn(directions, 40) * 0.2, ["p"] = randn(directions, 15),
    };

    private static Case Windowed(string coordinates) => new([[3, 8, 8], [4]],
        new()
        {
            ["k"] = randn(2, 3, 3, 3) * 0.3, ["scale"] = tensor(new[] { 0.5f, 0.6f, 0.7f, 0.8f }), ["place"] = tensor(new[] { 1f, 0.5f, 6, 9 }), ["zero"] = tensor(0L), ["one"] = tensor(1L),
        },
        [
            new("Conv", "x k", "c", ("pads", new long[] { 1, 1, 1, 1 })), new("Mul", "x1 scale", "m"), new("Add", "m place", "w"), new("Shape", "x1", "n", ("end", 1L)), new("Squeeze", "n", "s"),
            new("Range", "zero s one", "i"), new("RoiAlign", "c w i", "y", ("output_height", 3L), ("output_width", 2L), ("sampling_ratio", 2L), ("spatial_scale", 0.9f), ("coordinate_transformation_mode", coordinates)),
        ]);

    private static Case Scattered(string join) => new([[4], [2]], new() { ["w"] = randn(4, 4), ["places"] = tensor(new long[] { 2, 0 }, [1, 2]) },
        [new("MatMul", "x w", "m"), new("Shape", "x1", "s"), new("Expand", "places s", "p"), new("ScatterElements", "m p x1", "y", ("axis", 1L), ("reduction", join))]);

    // Tokens first, samples and heads in one dimension, as PyTorch's MultiheadAttention has them.
    private static Case Heads(long batch)
    {
        var turn = ("perm", (OnnxAttribute)new long[] { 1, 0, 2 });
        return new([[4, 8]], new()
        {
            ["w"] = randn(8, 8), ["heads"] = tensor(new long[] { 4, 2 * batch, 4 }), ["rows"] = tensor(new long[] { 4 * batch, 8 }), ["tokens"] = tensor(new long[] { 4, batch, 8 }),
        },
        [
            new("Transpose", "x", "t", turn), new("Reshape", "t heads", "h"), new("Transpose", "h", "q", turn), new("Transpose", "q", "k", ("perm", new long[] { 0, 2, 1 })),
            new("MatMul", "q k", "s"), new("Softmax", "s", "p", ("axis", -1L)), new("MatMul", "p q", "a"), new("Transpose", "a", "b", turn),
            new("Reshape", "b rows", "r"), new("MatMul", "r w", "m"), new("Reshape", "m tokens", "o"), new("Transpose", "o", "y", turn),
        ], batch);
    }

    private void Write(Case of)
    {
        var model = new OnnxModel { Opset = 18 };
        foreach (var (sizes, i) in of.Inputs.Select((s, i) => (s, i)))
            model.Graph.Inputs.Add(new(i == 0 ? "x" : "x1", OnnxTypes.Float, [of.Batch > 0 ? $"{of.Batch}" : "batch", .. sizes.Select(s => $"{s}")]));
        model.Graph.Outputs.Add(new("y", OnnxTypes.Float, []));
        foreach (var (name, numbers) in of.Weights)
        {
            var weight = new OnnxTensor { Name = name, Type = OnnxTypes.Of(numbers.dtype), Raw = numbers.contiguous().bytes.ToArray() };
            weight.Sizes.AddRange(numbers.shape);
            model.Graph.Weights[name] = weight;
        }
        foreach (var step in of.Steps)
            model.Graph.Nodes.Add(new OnnxNode
            {
                Operator = step.Operator, Inputs = [.. step.Inputs.Split(' ')], Outputs = [.. step.Outputs.Split(' ')],
                Attributes = step.Settings.ToDictionary(s => s.Item1, s => s.Item2),
            });
        using var stream = File.Create(path);
        OnnxWriter.Write(model, stream);
    }

    [Theory]
    [InlineData("a GRU that resets first")]
    [InlineData("the same backwards")]
    [InlineData("the same both ways")]
    [InlineData("an LSTM with peepholes")]
    [InlineData("peepholes both ways")]
    [InlineData("lengths that are all of it")]
    [InlineData("weights that are made")]
    [InlineData("scales that are made")]
    [InlineData("the last state, for one sample")]
    [InlineData("windows of images")]
    [InlineData("windows of images, not aligned")]
    [InlineData("a grid", true)]
    [InlineData("a cubic grid", true)]
    [InlineData("a determinant", true)]
    [InlineData("places of a pool")]
    [InlineData("a spectrum")]
    [InlineData("a choice")]
    [InlineData("an LSTM that runs backwards")]
    [InlineData("softmax of a dimension among five", true)]
    [InlineData("scattered numbers are multiplied")]
    [InlineData("the larger of scattered numbers")]
    [InlineData("the smaller of scattered numbers")]
    [InlineData("heads of tokens, for one sample", true)]
    [InlineData("heads of tokens, for three samples", true)]
    [InlineData("like tokens, for one sample", true)]
    [InlineData("a class token, for one sample", true)]
    [InlineData("a state of zeros, for one sample", true)]
    [InlineData("windows, for two samples", true)]
    public void Its_numbers_are_ONNX_Runtimes_and_it_trains(string name, bool writes = false)
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var of = Of(name);
        Write(of);
        var graph = Graph.FromOnnx(path);
        Assert.NotEmpty(graph.parameters());
        graph.eval();
        foreach (var batch in of.Batch > 0 ? [2 * of.Batch, 5 * of.Batch] : (long[])[2, 5])
        {
            using var silent = no_grad();
            Tensor[] x = [.. of.Inputs.Select(s => rand([batch, .. s]) * 2 - 1)];
            var part = of.Batch > 0 ? of.Batch : batch;
            var theirs = cat([.. Enumerable.Range(0, (int)(batch / part)).Select(i => OnnxRuntimeOracle.Run(path, [.. x.Select(t => t.narrow(0, i * part, part).contiguous())])[0])], 0);
            var ours = graph.Forward(x)[0].contiguous();
            Assert.InRange(OnnxRuntimeOracle.Difference(ours, theirs), 0, 1e-5);
            if (!writes) continue;
            var again = Path.ChangeExtension(path, ".again");
            graph.ToOnnx(again);
            Assert.InRange(OnnxRuntimeOracle.Difference(ours, OnnxRuntimeOracle.Run(again, x)[0]), 0, 1e-5);
            File.Delete(again);
        }
        graph.train();
        graph.Forward([.. of.Inputs.Select(s => rand([3L, .. s]) * 2 - 1)])[0].square().sum().backward();
        Assert.All(graph.named_parameters(), p => Assert.True(p.parameter.grad?.count_nonzero().item<long>() > 0, p.name));
    }

    [Fact]
    public void A_file_for_one_sample_whose_samples_would_mix_is_refused()
    {
        Write(new([[4]], new() { ["w"] = randn(4, 4) }, [new("MatMul", "x w", "m"), new("Softmax", "m", "y", ("axis", 0L))], Batch: 1));
        var e = Assert.Throws<UsageException>(() => Graph.FromOnnx(path));
        Assert.Contains("written for a batch of 1 and does not run another: export it with a free batch", e.Message);
    }

    [Theory]
    [InlineData("RandomNormalLike", -10, 10)]
    [InlineData("RandomUniformLike", 0, 1)]
    [InlineData("Bernoulli", 0, 1)]
    public void Random_numbers_are_drawn_by_the_engines_seeds(string name, double least, double most)
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var symmetric = randn(8, 8); // the layer that it becomes may hold it turned
        Write(new([[8]], new() { ["w"] = symmetric + symmetric.t() }, [new("MatMul", "x w", "m"), new("Sigmoid", "m", "p"), new(name, "p", "n"), new("Add", "p n", "y")]));
        var graph = Graph.FromOnnx(path);
        var (x, target) = (randn(400, 8), randint(0, 8, 400));
        float Loss(int seed)
        {
            manual_seed(seed);
            return (float)new Executor(graph).Step(x, target);
        }
        Assert.Equal(Loss(1), Loss(1));
        Assert.NotEqual(Loss(1), Loss(2));
        var noise = graph.Forward([x])[0] - x.matmul(graph.parameters().Single()).sigmoid();
        Assert.InRange(noise.min().item<float>(), least - 1e-4, most);
        Assert.InRange(noise.max().item<float>(), least, most + 1e-4);
        Assert.InRange(noise.std().item<float>(), 0.2, 1.2);
    }

    [Fact]
    public void Noise_has_the_same_bits_under_a_budget()
    {
        manual_seed(4);
        var steps = Enumerable.Range(0, 4).SelectMany(i => (Step[])[new("MatMul", $"{(i == 0 ? "x" : $"r{i - 1}")} w{i}", $"m{i}"),
            new("RandomNormalLike", $"m{i}", $"n{i}", ("scale", 0.5f)), new("Add", $"m{i} n{i}", $"a{i}"), new("Tanh", $"a{i}", i == 3 ? "y" : $"r{i}")]);
        Write(new([[32]], Enumerable.Range(0, 4).ToDictionary(i => $"w{i}", i => randn(32, 32) * 0.2), [.. steps]));
        Assert.Equal(Train(""), Train("90%"));

        byte[][] Train(string budget)
        {
            var folder = Directory.CreateTempSubdirectory("interactive-onnx-");
            try
            {
                var data = new Interactive.Data.TensorDataset(rand(256, 32, generator: new Generator(1)), randint(0, 32, 256, ScalarType.Int64, generator: new Generator(2)));
                using var graph = Graph.FromOnnx(path);
                new Interactive.Training.Trainer(graph, data, data, new Interactive.Training.TrainerOptions
                {
                    Name = "noise", Epochs = 1, BatchSize = 128, MemoryBudget = budget, Out = folder.FullName, Progress = false, Device = "cpu"
                }).Run();
                return [.. graph.parameters().Select(p => p.bytes.ToArray())];
            }
            finally { folder.Delete(recursive: true); }
        }
    }
}
