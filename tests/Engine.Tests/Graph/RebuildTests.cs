using Interactive.Graphs;
using Interactive.Graphs.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs;

/// <summary>
/// Graphs that are written as text and made again: node by node, with weights of the same names and shapes.
/// </summary>
public class RebuildTests
{
    private static Graph Functions()
    {
        var net = new GraphBuilder("functions", new Shape(4, 6, 6));
        var x = net.Input;
        Op[] chain =
        [
            new Abs(), new AddScalar(1), new Sqrt(), new Log(), new Exp(), new Pow(2), new Sigmoid(), new Tanh(),
                new Silu(), new Elu(0.5), new Softplus(2, 10), new LeakyRelu(0.2), new Relu6(), new Gelu(),
            new Clamp(double.NegativeInfinity, 3), new Hardswish(), new Hardsigmoid(), new MulScalar(-0.5),
                new DivScalar(4), new Softmax(-1), new LogSoftmax(1), new Pad([1, 1, 0, 2], value: 0.5),
            new Pad([1, 1, 1, 1], reflect: true), new Interpolate((8, 6), bilinear: true), new PixelShuffle(2),
                new MaxPool2d(2, 1, 1, ceiling: true), new AvgPool2d(3, 2, 1, countPadding: false),
            new AdaptiveMaxPool2d((4, 4)), new Upsample(2, bilinear: true), new Permute(1, 3, 2), new Narrow(-1, 1, 6),
        ];
        foreach (var op in chain) x = net.Add(op, null, x);
        var a = net.Add(new Select(1, 0), null, x);
        var b = net.Add(new Narrow(-1, 0, 4), null, a);
        var squares = net.Add(new Matmul(transposeSecond: true), null, a, a);
        var part = net.Add(new Mul(), null, b, net.Add(new BroadcastAdd(0.5), null, b, b));
        part = net.Add(new Div(), null, part, net.Add(new AddScalar(2), null, net.Add(new Mul(), null, b, b)));
        var joined = net.Add(new ConcatAlong(-1), null, part, squares);
        return net.Build(net.Add(new Flatten(), null,
            net.Add(new Mean([-1], keepDimensions: true), null,
            net.Add(new Sum([1]), null, net.Add(new Reshape(1, 1, -1), null, joined)))));
    }

    private static Graph Layers()
    {
        var net = new GraphBuilder("layers", new Shape(4, 8, 8));
        var x = net.Add(new GroupNorm(GroupNorm.Create(2, 4, 1e-4, null)), "norm", net.Input);
        x =
            x.ConvTranspose(6, 2, 2, name: "up").Conv(6, 3, padding: 1, groups: 3, bias: false, name: "grouped")
            .BatchNorm("bn").Relu();
        x = x.ToTokens("tokens").LayerNorm("ln");
        x = net.Add(new RmsNorm(new RmsNormWeight(6), 1e-5), "rms", x);
        x = net.Add(new AddParameter(new ParameterTensor(new TorchSharp.Modules.Parameter(ones(6)))), "shift", x);
        x = net.Add(new MulParameter(new ParameterTensor(new TorchSharp.Modules.Parameter(ones(6)))), "scale", x);
        var shared = nn.Linear(6, 6);
        x = net.Add(new Linear(shared), "first", x);
        return net.Build(net.Add(new Linear(shared), "second", x));
    }

    private static Graph Lengths()
    {
        var net = new GraphBuilder("lengths", new Shape(4, 16));
        var x = net.Add(new ConvNd(nn.Conv1d(4, 6, 3, padding: 1, dilation: 1, groups: 2)), "conv", net.Input);
        x = net.Add(new MaxPool1d(2, 2), "max", x);
        return net.Build(net.Add(new AvgPool1d(2, 2), "mean", x));
    }

    [Theory]
    [InlineData("functions")]
    [InlineData("layers")]
    [InlineData("lengths")]
    public void A_graph_of_its_text_has_its_nodes_and_with_its_weights_its_bits(string which)
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        using var graph = which switch { "functions" => Functions(), "layers" => Layers(), _ => Lengths() };
        using var again = GraphText.Read(GraphText.Write(graph));
        Assert.Equal(graph.Nodes.Select(n => n.ToString()), again.Nodes.Select(n => n.ToString()));
        using (no_grad())
            foreach (var (name, value) in again.state_dict()) value.copy_(graph.state_dict()[name]);
        graph.eval();
        again.eval();
        var x = randn(graph.Input.Shape.WithBatch(2)) * 0.3;
        Assert.True(graph.forward(x).Equals(again.forward(x)));
    }

    [Fact]
    public void Shared_weights_are_shared_again()
    {
        using var graph = Layers();
        using var again = GraphText.Read(GraphText.Write(graph), META);
        Assert.Equal(graph.ParameterCount, again.ParameterCount);
        Assert.Same(again.Nodes.Single(n => n.Name == "first").Op.Module,
            again.Nodes.Single(n => n.Name == "second").Op.Module);
    }

    private static Graph Norms(bool affine)
    {
        var net = new GraphBuilder("norms", new Shape(4, 2, 6, 6));
        var x = net.Add(new BatchNormNd(nn.BatchNorm3d(4, eps: 1e-3, momentum: 0.3, affine: affine)), "batch",
            net.Input);
        x = net.Add(new InstanceNorm(nn.InstanceNorm3d(4, affine: affine)), "instance", x);
        x = net.Add(new ConvNd(nn.ConvTranspose3d(4, 2, 2, stride: 2)), "up", x);
        x = net.Add(new GroupNorm(affine ? GroupNorm.Create(2, 2, 1e-5, null) : nn.GroupNorm(2, 2, affine: false)),
            "group", x);
        x = net.Add(new LayerNorm(nn.LayerNorm([12, 12], elementwise_affine: affine, bias: false)), "layer", x);
        return net.Build(x.Flatten());
    }

    private static Graph Recurrents()
    {
        var net = new GraphBuilder("recurrents", new Shape(5, 4));
        var x = net.Input.Lstm(6, layers: 2, bidirectional: true).Gru(5);
        x = net.Add(new ScaledDotProductAttention(causal: true, scale: 0.3), null,
            net.Add(new Reshape(1, 5, 5), null, x), net.Add(new Reshape(1, 5, 5), null, x),
            net.Add(new Reshape(1, 5, 5), null, x));
        x = net.Add(new Reshape(5, 5), null,
            net.Add(new Cos(), null,
            net.Add(new Sin(), null, net.Add(new Rsqrt(), null, net.Add(new AddScalar(3), null, x)))));
        x = net.Add(new Gelu(tanh: true), null, x);
        x = net.Add(new ConvNd(nn.ConvTranspose1d(5, 4, 2, stride: 2, bias: false)), "up", x);
        return net.Build(net.Add(new BatchNormNd(nn.BatchNorm1d(4)), "norm",
            net.Add(new InstanceNorm(nn.InstanceNorm1d(4)), "instance", net.Add(new AdaptiveAvgPool1d(3), null, x))));
    }

    [Theory]
    [InlineData("norms")]
    [InlineData("bare norms")]
    [InlineData("recurrents")]
    public void Norms_of_every_dimension_and_recurrent_nets_come_back(string which)
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        using var graph = which == "recurrents" ? Recurrents() : Norms(affine: which == "norms");
        using var again = GraphText.Read(GraphText.Write(graph));
        Assert.Equal(graph.state_dict().Keys, again.state_dict().Keys);
        using (no_grad())
            foreach (var (name, value) in again.state_dict()) value.copy_(graph.state_dict()[name]);
        var x = randn(graph.Input.Shape.WithBatch(2));
        foreach (var training in (bool[])[true, false])
        {
            graph.train(training);
            again.train(training);
            manual_seed(3);
            var expected = graph.forward(x);
            manual_seed(3);
            Assert.True(expected.Equals(again.forward(x)), $"training {training}");
        }
    }

    [Fact]
    public void Every_op_but_a_module_of_ones_own_can_be_built_again()
    {
        string[] elsewhere = [nameof(Input), nameof(AtenOp), nameof(Opaque)];
        foreach (var type in typeof(Op).Assembly.GetTypes()
            .Where(t => t.IsSubclassOf(typeof(Op)) && !t.IsAbstract && !elsewhere.Contains(t.Name)
                && t.Namespace != typeof(Interactive.Graphs.Partition.PartitionedGraph).Namespace)) // those of a rank's rewritten graph, which nobody keeps
            Assert.All(Kinds((Op)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type)),
                kind => Assert.True(OpList.Knows(kind), kind));
    }

    private static string[] Kinds(Op op)
    {
        try { return [op.Kind]; }
        // ConvNd asks its module
        catch (NullReferenceException) { return ["conv1d", "conv3d", "conv_transpose1d", "conv_transpose3d"]; }
    }
}
