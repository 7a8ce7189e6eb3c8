using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs;

public class CaptureTests
{
    internal sealed class Squared() : nn.Module<Tensor, Tensor>("squared")
    {
        public override Tensor forward(Tensor x) => x * x;
    }

    internal sealed class Gated : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Conv2d gate = nn.Conv2d(8, 8, 1);
        private readonly TorchSharp.Modules.BatchNorm2d norm = nn.BatchNorm2d(8);
        public Gated() : base("gated") => RegisterComponents();
        public override Tensor forward(Tensor x) => norm.forward(x) * gate.forward(x).sigmoid();
    }

    internal static TorchSharp.Modules.Sequential Net() => nn.Sequential(
        ("features", nn.Sequential(
            ("conv", nn.Conv2d(3, 8, 3, padding: 1, bias: false)), ("bn", nn.BatchNorm2d(8)), ("relu", nn.ReLU()),
            ("gated", new Gated()), ("same", nn.Identity()), ("pool", nn.MaxPool2d(2)))),
        ("flat", nn.Flatten()), ("drop", nn.Dropout(0.2)), ("fc", nn.Linear(8 * 16, 10)), ("squared", new Squared()));

    [Fact]
    public void A_captured_tree_has_nodes_by_its_names_and_shares_its_parameters()
    {
        using var scope = NewDisposeScope();
        var net = Net();
        var graph = Graph.Capture(net, new Shape(3, 8, 8));
        Assert.Equal(["features.conv", "features.bn", "features.relu", "features.gated.norm", "features.gated.gate",
            "features.gated.sigmoid", "features.gated.mul",
            "features.pool", "flat", "drop", "fc", "squared"], graph.Nodes.Select(n => n.Name));
        Assert.DoesNotContain(graph.Nodes, n => n.Op.Kind == "opaque");
        Assert.Equal(net.named_parameters().Select(p => p.name).Order(),
            graph.named_parameters().Select(p => p.name).Order());
        using (no_grad()) net.get_parameter("fc.bias")!.fill_(7);
        Assert.Equal(7, graph.get_parameter("fc.bias")![0].item<float>());
    }

    [Theory]
    [InlineData(1)] // libtorch gives pointwise convolutions of few samples to other kernels there
    [InlineData(2)]
    public void A_captured_tree_trains_with_the_bits_of_the_module(int threads)
    {
        var before = get_num_threads();
        set_num_threads(threads);
        try { TrainsWithTheBitsOfTheModule(); }
        finally { set_num_threads(before); }
    }

    private static void TrainsWithTheBitsOfTheModule()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var net = Net();
        net.train();
        var start = net.state_dict().ToDictionary(e => e.Key, e => e.Value.clone());
        var (x, y) = (randn(4, 3, 8, 8), randint(0, 10, 4, dtype: ScalarType.Int64));

        manual_seed(4);
        var loss = nn.functional.cross_entropy(net.forward(x), y);
        loss.backward();
        var expected = net.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone());
        var buffers = net.named_buffers().ToDictionary(b => b.name, b => b.buffer.clone());

        using (no_grad())
            foreach (var (key, tensor) in net.state_dict()) tensor.copy_(start[key]);
        foreach (var p in net.parameters()) p.grad = null;
        manual_seed(4);
        using var executor = new Executor(Graph.Capture(net, new Shape(3, 8, 8)));
        Assert.Equal(loss.item<float>(), executor.Step(x, y));
        foreach (var (name,
            parameter) in net.named_parameters()) Assert.True(expected[name].Equals(parameter.grad!), name);
        foreach (var (name, buffer) in net.named_buffers()) Assert.True(buffers[name].Equals(buffer), name);
    }

    private static readonly Dictionary<string, (Shape Input, Func<nn.Module<Tensor, Tensor>> Create)> modules = new()
    {
        ["leaky_relu"] = (new(6, 5), () => nn.LeakyReLU(0.2)),
        ["elu"] = (new(6, 5), () => nn.ELU(0.7)),
        ["relu6"] = (new(6, 5), () => nn.ReLU6()),
        ["silu"] = (new(6, 5), () => nn.SiLU()),
        ["sigmoid"] = (new(6, 5), () => nn.Sigmoid()),
        ["tanh"] = (new(6, 5), () => nn.Tanh()),
        ["hardswish"] = (new(6, 5), () => nn.Hardswish()),
        ["hardsigmoid"] = (new(6, 5), () => nn.Hardsigmoid()),
        ["softplus"] = (new(6, 5), () => nn.Softplus(2, 3)),
        ["softmax"] = (new(6, 5), () => nn.Softmax(-1)),
        ["log_softmax"] = (new(6, 5), () => nn.LogSoftmax(1)),
        ["group_norm"] = (new(6, 5, 7), () => Weighted(nn.GroupNorm(2, 6))),
        ["instance_norm"] = (new(6, 5, 7), () => nn.InstanceNorm2d(6)),
        ["batch_norm_nd"] = (new(6, 9), () => nn.BatchNorm1d(6)),
        ["conv1d"] = (new(6, 9), () => nn.Conv1d(6, 4, 3, stride: 2, padding: 1)),
        ["conv3d"] = (new(3, 5, 6, 7), () => nn.Conv3d(3, 4, 3, padding: 1)),
        ["conv_transpose1d"] = (new(6, 9), () => nn.ConvTranspose1d(6, 4, 3, stride: 2, output_padding: 1)),
        ["max_pool1d"] = (new(6, 9), () => nn.MaxPool1d(3, 2)),
        ["avg_pool1d"] = (new(6, 9), () => nn.AvgPool1d(3)),
        ["max_pool3d"] = (new(3, 5, 6, 7), () => nn.MaxPool3d(2)),
        ["avg_pool3d"] = (new(3, 5, 6, 7), () => nn.AvgPool3d(3, 2)),
        ["pixel_shuffle"] = (new(8, 5, 7), () => nn.PixelShuffle(2)),
        ["pad"] = (new(6, 5, 7), () => nn.ReflectionPad2d((1, 2, 3, 0))),
    };

    public static TheoryData<string> Kinds => [.. modules.Keys];

    private static TorchSharp.Modules.GroupNorm Weighted(TorchSharp.Modules.GroupNorm norm)
    {
        // TorchSharp leaves them as memory was
        foreach (var parameter in norm.parameters()) nn.init.uniform_(parameter);
        return norm;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_known_module_becomes_the_op_that_computes_the_same(string kind)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var (shape, create) = modules[kind];
        var module = create();
        var graph = Graph.Capture(nn.Sequential(("layer", module)), shape);
        Assert.Equal(kind, graph.Nodes.Single().Op.Kind);
        var x = randn(shape.WithBatch(2));
        var (expected, y) = (module.forward(x), graph.forward(x));
        Assert.Equal(y.shape, graph.Output.Shape.WithBatch(2));
        Assert.True(expected.Equals(y));
    }

    [Fact]
    public void A_module_that_refuses_its_input_is_named()
    {
        var error = Assert.Throws<GraphException>(()
            => Graph.Capture(nn.Sequential(("fc", nn.Linear(5, 2))), new Shape(4)));
        Assert.Equal("fc: expects 5 features, got 4", error.Message);
    }
}
