using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>
/// Traced nets are kept in a file without their code, and come back with their bits, to predict and to train on.
/// </summary>
public sealed class KeptTraceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("kept").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Model Kept(Graph graph)
    {
        var file = Path.Combine(folder, "net.safetensors");
        Model.Save(file, graph);
        return Model.Load(file);
    }

    [Theory]
    [MemberData(nameof(TraceTests.Names), MemberType = typeof(TraceTests))]
    public void A_traced_net_comes_back_with_its_bits(string name)
    {
        set_num_threads(2);
        using var scope = NewDisposeScope();
        var (net, sample, isText) = TraceTests.Make(name);
        Tensor Batch(long batch)
            => isText ? randint(0, 20, [batch, .. sample], dtype: ScalarType.Int64) : randn([batch, .. sample]);
        using var graph = Graph.Trace(net, Batch(2));
        using var model = Kept(graph);
        Assert.Equal(graph.Nodes.Select(n => n.ToString()), model.Graph.Nodes.Select(n => n.ToString()));
        Assert.Equal(graph.named_parameters().Select(p => p.name).Order(),
            model.Graph.named_parameters().Select(p => p.name).Order());
        foreach (var batch in (long[])[1, 5])
        {
            graph.eval();
            var x = Batch(batch);
            using var noGrad = no_grad(); // with gradients libtorch runs other kernels
            manual_seed(6);
            var expected = graph.Forward([x])[0];
            manual_seed(6);
            Assert.True(expected.contiguous().bytes.SequenceEqual(model.Infer([x])[0].contiguous().bytes),
                $"a batch of {batch}");
        }
        var more = Batch(4);
        var (first, second) = (Step(graph, more), Step(model.Graph, more));
        Assert.Equal(first.Keys.Order(), second.Keys.Where(key => !key.StartsWith("constants.")).Order());
        Assert.All(first,
            t => Assert.True(t.Value.contiguous().bytes.SequenceEqual(second[t.Key].contiguous().bytes), t.Key));
    }

    private static Dictionary<string, Tensor> Step(Graph graph, Tensor x)
    {
        graph.train();
        manual_seed(4);
        using var executor = new Executor(graph, null, (y, _) => (y * y.sin()).mean());
        var found = new Dictionary<string, Tensor> { ["loss"] = tensor(executor.Step(x, tensor(0f))) };
        foreach (var (name, parameter) in graph.named_parameters())
            if (parameter.grad is { } gradient) found["gradient of " + name] = gradient.clone();
        foreach (var (name, value) in graph.state_dict()) found[name] = value.clone();
        return found;
    }

    private sealed class Pair : nn.Module<Tensor, Tensor, (Tensor, Tensor)>
    {
        private readonly nn.Module<Tensor, Tensor> left = nn.Linear(4, 3), right = nn.Linear(2, 3);
        public Pair() : base("pair") => RegisterComponents();
        public override (Tensor, Tensor) forward(Tensor a, Tensor b)
            => (left.call(a) + right.call(b), left.call(a).logsumexp(1, keepdim: true));
    }

    [Fact]
    public void Several_inputs_and_outputs_come_back()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        using var graph = Graph.Trace(new Pair(), [randn(2, 4), randn(2, 2)]);
        using var model = Kept(graph);
        Assert.Equal(["input", "input2"], model.Graph.Inputs.Select(v => v.Name));
        Tensor[] x = [randn(5, 4), randn(5, 2)];
        Assert.All(graph.Forward(x).Zip(model.Infer(x)), pair => Assert.True(pair.First.Equals(pair.Second)));
        Assert.Contains("use Infer([…])", Assert.Throws<UsageException>(() => model.Infer(x[0])).Message);
        Assert.Equal("pair takes (5, 2) as input2, got (5, 3)",
            Assert.Throws<UsageException>(() => model.Infer([x[0], randn(5, 3)])).Message);
    }

    private sealed class Functions : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Parameter kernel = new(randn(4, 2, 3, 3)), shift = new(randn(4)),
            square = new(randn(4, 4)), gain = new(ones(4)), added = new(zeros(4));
        private readonly TorchSharp.Modules.Embedding table = nn.Embedding(4, 4);
        public Functions() : base("functions") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var y = nn.functional.conv2d(x, kernel, shift, padding: [1, 1]);
            y = nn.functional.group_norm(y + nn.functional.conv2d(x, kernel, shift, padding: [2, 2], dilation: [2, 2]),
                2, gain, added).mean([2, 3]);
            y = nn.functional.layer_norm(nn.functional.linear(y, square, shift), [4], gain, added);
            y = nn.functional.linear(nn.functional.linear(y, square), table.weight!, added);
            return table.call(y.argmax(1)) + y;
        }
    }

    [Fact]
    public void Layers_around_shared_parameters_of_any_name_come_back()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var graph = Graph.Trace(new Functions(), randn(2, 2, 6, 6));
        Assert.Empty(graph.Notes);
        Assert.Equal(["conv2d", "conv2d", "group_norm", "linear", "layer_norm", "linear", "linear", "embedding"],
            graph.Nodes.Select(n => n.Op.Kind)
            .Where(k => k is "conv2d" or "group_norm" or "linear" or "layer_norm" or "embedding"));
        using var model = Kept(graph);
        Assert.Equal(graph.named_parameters().Select(p => p.name).Order(),
            model.Graph.named_parameters().Select(p => p.name).Order());
        var x = randn(4, 2, 6, 6);
        var (first, second) = (Step(graph, x), Step(model.Graph, x));
        Assert.Equal(first.Keys.Order(), second.Keys.Order());
        Assert.All(first, t => Assert.True(t.Value.Equals(second[t.Key]), t.Key));
    }

    [Theory]
    [InlineData("\"weight\":\"square\"", "\"weight\":\"shift\"", "its weight cannot be of 4, it is of 4x4")]
    [InlineData("\"weight\":\"square\"", "\"weight\":\"nowhere\"", "there is no tensor nowhere before it")]
    [InlineData("\"bias\":\"shift\"", "\"width\":\"shift\"", "it has no bias")]
    public void A_layer_around_what_does_not_fit_is_named(string from, string to, string message)
    {
        using var scope = NewDisposeScope();
        using var graph = Graph.Trace(new Functions(), randn(2, 2, 6, 6));
        var text = GraphText.Write(graph);
        Assert.Contains(from, text);
        Assert.Contains(message,
            Assert.Throws<InvalidDataException>(() => GraphText.Read(text.Replace(from, to), META)).Message);
    }

    private sealed class Arguments : nn.Module<Tensor, Tensor>
    {
        private readonly Tensor order = tensor(new long[] { 2, 0, 1 });
        public Arguments() : base("arguments") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            // a text, and a list of which some are absent
            var y = einsum("bc,bc->b", x, x).unsqueeze(1) + x.index(TensorIndex.Colon, TensorIndex.Tensor(order));
            y = nn.functional.interpolate(y.unsqueeze(1), scale_factor: [2.0]).squeeze(1); // a number
            y = stack([y, y.div(3, RoundingMode.floor)], 1).flatten(1); // a list of tensors
            return nn.functional.gelu(y, TorchSharp.Modules.GELU.Approximate.tanh) * ones(y.shape[1])
                + arange(y.shape[1], ScalarType.Float32);
        }
    }

    [Fact]
    public void Arguments_of_every_kind_come_back()
    {
        using var scope = NewDisposeScope();
        using var graph = Graph.Trace(new Arguments(), randn(2, 3));
        Assert.Empty(graph.Notes);
        using var model = Kept(graph);
        var x = randn(4, 3);
        Assert.True(graph.forward(x).Equals(model.Infer(x)));
        using var twice = Kept(model.Graph);
        Assert.True(graph.forward(x).Equals(twice.Infer(x)));
    }

    private sealed class Own() : nn.Module<Tensor, Tensor>("own")
    {
        public override Tensor forward(Tensor input) => input.shape[0] == 3 ? input.abs() : -input;
    }

    [Fact]
    public void What_only_its_code_can_build_takes_its_weights_back()
    {
        using var scope = NewDisposeScope();
        Graph Net()
            => Graph.Trace(nn.Sequential(("first", nn.Linear(3, 4)), ("own", new Own()), ("last", nn.Linear(4, 2))),
            ones(2, 3));
        using var graph = Net();
        var file = Path.Combine(folder, "own.safetensors");
        var error = Assert.Throws<UsageException>(() => Model.Save(file, graph)).Message;
        Assert.Contains("own is a node (opaque) that only its own code can build again; keep its weights by Safetensors.Save",
            error);
        Safetensors.Save(graph, file);
        using var model = Model.Load(file, Net());
        var x = randn(4, 3);
        Assert.True(graph.forward(x).Equals(model.Infer(x)));
    }

    [Fact]
    public void Mutants_of_an_operator_s_text_are_refused_or_run_in_one_line()
    {
        using var scope = NewDisposeScope();
        using var graph = Graph.Trace(new Arguments(), randn(2, 3));
        var text = GraphText.Write(graph);
        var random = new Random(3);
        var (refused, ran) = (0, 0);
        string[] parts = ["true", "false", "null", "0", "1", "-1", "7", "[]", "{}", "[1,0]", "\"x\"", "\"aten::relu\"",
            "{\"input\":0}", "{\"size\":[0,1]}", "{\"value\":null}", "{\"list\":[],\"of\":\"Tensor\"}"];
        for (var i = 0; i < 500; i++)
        {
            var ends = System.Text.RegularExpressions.Regex.Matches(text,
                "(?<=[:\\[,])(\"[^\"]*\"|-?[0-9]+|true|false|null|\\{[^{}\\[\\]]*\\})");
            var end = ends[random.Next(ends.Count)];
            var mutant = text[..end.Index] + parts[random.Next(parts.Length)] + text[(end.Index + end.Length)..];
            try
            {
                using var again = GraphText.Read(mutant);
                again.eval();
                again.forward(randn(2, 3)).Dispose();
                ran++;
            }
            catch (Exception e) when (e is InvalidDataException or UsageException or InvalidOperationException)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
            catch (System.Runtime.InteropServices.ExternalException) { refused++; }
        }
        Assert.True(refused > 100 && ran > 10, $"{refused} refused, {ran} ran");
    }

    [Fact]
    public void Several_results_that_are_not_what_the_file_says_are_refused()
    {
        using var scope = NewDisposeScope();
        var (net, _, _) = TraceTests.Make("seq2seq");
        using var graph = Graph.Trace(net, randint(0, 20, [2, 7], dtype: ScalarType.Int64));
        var text = GraphText.Write(graph);
        const string Place = "\"places\":[{\"sizes\":[[1,0],[0,7],[0,6]],\"order\":[1,0,2]}";
        Assert.Contains(Place, text);
        using var wrong = GraphText.Read(text.Replace(Place, Place.Replace('7', '5')));
        Assert.Contains("and the model's file says",
            Assert.Throws<UsageException>(() => wrong.forward(randint(0, 20, [2, 7], dtype: ScalarType.Int64)))
            .Message);
        Assert.Contains("dimensions cannot lie as",
            Assert.Throws<InvalidDataException>(()
            => GraphText.Read(text.Replace("\"order\":[1,0,2]", "\"order\":[1,1,2]"), META)).Message);
        Assert.Contains("it is a result of no operator that gives several",
            Assert.Throws<InvalidDataException>(()
            => GraphText.Read(text.Replace("{\"index\":0", "{\"index\":9"), META)).Message);
    }

    [Theory]
    [InlineData("\"aten::einsum\"", "\"aten::from_file\"", "a model may not run aten::from_file")]
    [InlineData("\"aten::einsum\"", "\"prim::print\"", "a model may not run prim::print")]
    [InlineData("\"aten::einsum\"", "\"aten::relu\"", "aten::relu takes 1 arguments, got 3")]
    [InlineData("\"aten::einsum\"", "\"aten::nothing\"", "libtorch has no operator aten::nothing")]
    [InlineData("\"of\":\"Whole\"", "\"of\":\"Tensor\"", "stands in a list of Tensor")]
    public void An_operator_that_cannot_be_is_named(string from, string to, string message)
    {
        using var scope = NewDisposeScope();
        using var graph = Graph.Trace(new Arguments(), randn(2, 3));
        var text = GraphText.Write(graph);
        Assert.Contains(from, text);
        Assert.Contains(message,
            Assert.Throws<InvalidDataException>(() => GraphText.Read(text.Replace(from, to), META)).Message);
    }
}
