using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>Nets as users write them become graphs of single operators that have the nets' own bits.</summary>
public class TraceTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, (Func<nn.Module<Tensor, Tensor>> Make, long[] Sample, bool IsText)> Nets = new()
    {
        ["resnet"] = (() => new ConvolutionalNets.ResNet(), [3, 12, 12], false),
        ["bottleneck"] = (() => new ConvolutionalNets.Bottleneck(16), [16, 6, 6], false),
        ["unet"] = (() => new ConvolutionalNets.UNet(), [3, 8, 8], false),
        ["generator"] = (() => new ConvolutionalNets.Generator(), [16], false),
        ["discriminator"] = (() => new ConvolutionalNets.Discriminator(), [3, 16, 16], false),
        ["efficientnet"] = (() => new ConvolutionalNets.EfficientNet(), [3, 12, 12], false),
        ["mobilenet"] = (() => new ConvolutionalNets.MobileNetV2(), [3, 12, 12], false),
        ["convnext"] = (() => new MoreConvolutionalNets.ConvNeXt(), [3, 16, 16], false),
        ["squeezenet"] = (() => new MoreConvolutionalNets.SqueezeNet(), [3, 16, 16], false),
        ["densenet"] = (() => new MoreConvolutionalNets.DenseNet(), [3, 8, 8], false),
        ["inception"] = (() => new MoreConvolutionalNets.Inception(), [3, 8, 8], false),
        ["wavenet"] = (() => new MoreConvolutionalNets.WaveNet(), [1, 16], false),
        ["volume"] = (() => new MoreConvolutionalNets.Volume(), [1, 6, 6, 6], false),
        ["superresolution"] = (() => new MoreConvolutionalNets.SuperResolution(), [1, 8, 8], false),
        ["pyramid"] = (() => new MoreConvolutionalNets.Pyramid(), [3, 8, 8], false),
        ["lstm tagger"] = (() => new SequenceNets.LstmTagger(), [7], true),
        ["gru classifier"] = (() => new SequenceNets.GruClassifier(), [7], true),
        ["stateful tagger"] = (() => new SequenceNets.StatefulTagger(), [7], true),
        ["seq2seq"] = (() => new SequenceNets.Seq2Seq(), [7], true),
        ["gpt"] = (() => new SequenceNets.Gpt(), [10], true),
        ["masked attention"] = (() => new SequenceNets.Masked(), [6, 8], false),
        ["transformer"] = (() => new SequenceNets.Transformer(), [8, 6], false),
        ["attention layer"] = (() => new SequenceNets.AttentionLayer(), [5, 8], false),
        ["turned scores"] = (() => new SequenceNets.TurnedScores(), [5, 8], false),
        ["cross attention"] = (() => new SequenceNets.CrossAttention(), [5, 8], false),
        ["encoder layers"] = (() => new SequenceNets.EncoderLayers(), [5, 8], false),
        ["mlp-mixer"] = (() => new SequenceNets.MlpMixer(), [3, 16, 16], false),
        ["swin"] = (() => new SequenceNets.Swin(), [3, 16, 16], false),
        ["textcnn"] = (() => new SequenceNets.TextCnn(), [9], true),
        ["vae"] = (() => new OtherNets.Vae(), [12], false),
        ["autoencoder"] = (() => new OtherNets.Autoencoder(), [1, 8, 8], false),
        ["pointnet"] = (() => new OtherNets.PointNet(), [10, 3], false),
        ["highway"] = (() => new OtherNets.Highway(), [6], false),
        ["branchy"] = (() => new OtherNets.Branchy(), [1, 8, 8], false),
    };

    public static TheoryData<string> Names => [.. Nets.Keys];

    /// <summary>One of the nets with the shape of a sample, and whether it takes tokens.</summary>
    internal static (nn.Module<Tensor, Tensor> Net, long[] Sample, bool IsText) Make(string name)
    {
        manual_seed(1);
        return (Nets[name].Make(), Nets[name].Sample, Nets[name].IsText);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_net_of_its_own_class_becomes_a_graph_with_its_bits(string name)
    {
        var threads = get_num_threads();
        try
        {
            foreach (var each in (int[])[1, 2]) // libtorch chooses kernels by it
            {
                set_num_threads(each);
                BecomesAGraphWithItsBits(name);
            }
        }
        finally { set_num_threads(threads); }
    }

    private void BecomesAGraphWithItsBits(string name)
    {
        using var scope = NewDisposeScope();
        var (make, sample, isText) = Nets[name];
        manual_seed(1);
        var net = make();
        Tensor Batch(long batch) => isText ? randint(0, 20, [batch, .. sample], dtype: ScalarType.Int64) : randn([batch, .. sample]);
        var graph = Graph.Trace(net, Batch(2));
        output.WriteLine(string.Join("\n", graph.Notes));
        output.WriteLine(string.Join("\n", graph.Nodes.Select(n => $"{n} | {string.Join('x', n.Output.Extents)}")));
        Assert.Empty(graph.Notes);
        Assert.DoesNotContain(graph.Nodes, n => n.Op.Kind == "opaque");
        Assert.Equal(net.named_parameters().Select(p => p.name), graph.named_parameters().Select(p => p.name));

        var x = Batch(5);
        Same.AsTheModule(net, graph, x, KeepAll.Schedule(Fusion.Fuse(graph)));
        var fused = Fusion.Fuse(graph);
        var planning = new PlanningGraph(fused, AnalyticProfile.Of(fused, 5));
        Same.AsTheModule(net, graph, x, LeastBudget.Find(planning, halvings: 2).Schedule);
    }

    /// <summary>
    /// oneDNN has LSTM kernels for training and for inference, with other last bits: a frozen layer, or one whose output
    /// alone is wanted, runs as it does where autograd records.
    /// </summary>
    [Theory]
    [InlineData(5, 7, 8, 6)]
    [InlineData(2, 5, 100, 128)]
    public void AFrozenLstm_HasTheBitsOfTraining(long batch, long tokens, long width, long hidden)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new SequenceNets.Frozen(width, hidden);
        var graph = Graph.Trace(net, randn(2, tokens, width));
        Same.AsTheModule(net, graph, randn(batch, tokens, width), KeepAll.Schedule(Fusion.Fuse(graph)));
    }

    private sealed class LeavesOut : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> first = nn.Linear(6, 8), second = nn.Linear(8, 4);
        public LeavesOut() : base("leaves_out") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            if (training) x = nn.functional.dropout(x, 0.2);
            x = nn.functional.relu(first.call(x));
            if (training) x = nn.functional.dropout(nn.functional.dropout(x, 0.5), 0.1);
            x = second.call(x);
            return training ? nn.functional.dropout(x, 0.3) : x;
        }
    }

    [Fact]
    public void Dropout_that_a_net_leaves_out_in_evaluation_is_an_op()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new LeavesOut();
        var graph = Graph.Trace(net, randn(2, 6));
        Assert.Empty(graph.Notes);
        Assert.Equal(["dropout", "linear", "relu", "dropout", "dropout", "linear", "dropout"], graph.Nodes.Select(n => n.Op.Kind));
        Same.AsTheModule(net, graph, randn(5, 6), KeepAll.Schedule(Fusion.Fuse(graph)));
    }

    private sealed class Runs(Func<Tensor, Tensor?> of) : nn.Module<Tensor, Tensor>("runs")
    {
        public override Tensor forward(Tensor x) => of(x)!;
    }

    [Fact]
    public void What_cannot_be_traced_is_one_line()
    {
        string Refused(nn.Module<Tensor, Tensor> module, params long[] example)
            => Assert.Throws<GraphException>(() => Graph.Trace(module, zeros(example))).Message;
        Assert.Equal("runs gives null in place of a tensor", Refused(new Runs(_ => null), 2, 3));
        Assert.StartsWith("runs runs no operator", Refused(new Runs(x => x), 2, 3));
        Assert.StartsWith("runs runs no operator", Refused(new Runs(x => nn.functional.alpha_dropout(x, 0.3, training: false)), 2, 3)); // gives it back
        // TorchSharp's gives its input back as it is
        Assert.Equal("1 is a Hardtanh, which limits nothing in this TorchSharp unless it works in place: write nn.Hardtanh(-0.5, 2, inplace: true), or x.clamp(-0.5, 2)",
            Refused(nn.Sequential(nn.Linear(3, 3), nn.Hardtanh(-0.5, 2)), 2, 3));
        Assert.Equal("runs: an example is a batch (samples, …) of at least one sample, got (0, 3)", Refused(new Runs(x => x.neg()), 0, 3));
        Assert.Throws<ArgumentNullException>(() => Graph.Trace((nn.Module<Tensor, Tensor>)null!, zeros(2, 3)));
    }

    // Also where no output has a gradient: a net whose answer is a class alone.
    [Fact]
    public void What_limits_in_place_and_gives_places_is_traced()
    {
        using var scope = NewDisposeScope();
        var x = randn(3, 4) * 3;
        var graph = Graph.Trace(nn.Sequential(nn.Hardtanh(-0.5, 0.7, inplace: true), nn.Linear(4, 2)), randn(2, 4));
        Assert.Contains(graph.Nodes, n => n.Op.Kind == "linear");
        using var places = Graph.Trace(new Runs(y => y.argmax(1)), randn(2, 4));
        Assert.True(places.call(x).Equals(x.argmax(1)));
    }

    private sealed class Detaches : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> first = nn.Linear(6, 8), second = nn.Linear(6, 8), third = nn.Linear(6, 8);
        public Detaches() : base("detaches") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var (y, z) = (first.call(x), second.call(x));
            Tensor teacher;
            using (no_grad()) teacher = third.call(x);
            return y * y.detach().sigmoid() + (y.round() - y).detach() + z.detach() - teacher + randn_like(y);
        }
    }

    [Fact]
    public void No_gradient_passes_a_detach_nor_what_was_made_without_autograd()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new Detaches();
        var graph = Graph.Trace(net, randn(2, 6));
        Assert.Empty(graph.Notes);
        Assert.Equal(3, graph.Nodes.Count(n => n.Op.Kind == "detach"));
        Assert.All(graph.Nodes.Where(n => !n.Op.IsDifferentiable), n => Assert.False(n.Output.NeedsGradient));
        var fused = Fusion.Fuse(graph);
        Same.AsTheModule(net, graph, randn(5, 6), KeepAll.Schedule(fused));
        Same.AsTheModule(net, graph, randn(5, 6), LeastBudget.Find(new PlanningGraph(fused, AnalyticProfile.Of(fused, 5)), halvings: 2).Schedule);
    }

    [Fact]
    public void A_loss_that_turns_the_output_has_plain_autograd_s_bits()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = nn.Sequential(("hidden", nn.Linear(8, 8)), ("act", nn.ReLU()), ("scores", nn.Linear(8, 6)));
        var graph = Graph.Trace(net, randn(2, 5, 8));
        var (x, labels) = (randn(7, 5, 8), randint(6, [7, 5]));
        static Tensor Loss(Tensor y, Tensor t) => nn.functional.cross_entropy(y.transpose(1, 2), t);
        Loss(net.call(x), labels).backward();
        var plain = net.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone());
        using var executor = new Executor(graph, null, Loss);
        for (var step = 0; step < 2; step++) // what was seen in the first holds in the second
        {
            foreach (var parameter in net.parameters()) parameter.grad = null;
            executor.Step(x, labels);
            Assert.All(net.named_parameters(), p => Assert.True(plain[p.name].bytes.SequenceEqual(p.parameter.grad!.bytes), p.name));
        }
    }
}
