using Interactive.Graphs;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>Operators as users write them in a module: ONNX Runtime gives the same numbers, and so does the file read again.</summary>
public sealed class OnnxOperatorExportTests
{
    // Over y, a linear layer's 6 features, or 4 x 6; whether the file that is read again has the bits, too.
    private static readonly Dictionary<string, (long[] Sample, Func<Layers, Tensor, Tensor> Of, bool SameBits)> Cases = new()
    {
        ["einsum"] = ([4, 6], (l, x) => einsum("bti,bsi->bts", l.First.call(x), x), true),
        ["glu"] = ([6], (l, x) => F.glu(l.First.call(x)), true),
        ["selu"] = ([6], (l, x) => F.selu(l.First.call(x)), true),
        ["sum of exponentials"] = ([6], (l, x) => l.First.call(x).logsumexp(1, keepdim: true), true),
        ["variance"] = ([6], (l, x) => l.First.call(x).var(1, unbiased: true, keepdim: true), false),
        ["deviation"] = ([4, 6], (l, x) => l.First.call(x).std([1, 2], unbiased: false), false),
        ["norms"] = ([6], (l, x) => F.normalize(l.First.call(x)) + l.First.call(x).norm(1, keepdim: true, p: 1), false),
        ["extremes"] = ([4, 6], (l, x) => l.First.call(x).max(1).values + l.First.call(x).min(1).values, true),
        ["places"] = ([6], (l, x) => l.First.call(x).argmax(1, keepdim: true).to(float32) - l.First.call(x).argmin(1, keepdim: true), true),
        ["two types"] = ([6], (l, x) => l.First.call(x).gt(0) * l.First.call(x) + x.argmax(1, keepdim: true) * 0.5 + x.argmin(1, keepdim: true).le(x) + x.argmax(1, keepdim: true).gt(2.5), true),
        ["topk"] = ([6], (l, x) => l.First.call(x).topk(3).values, true),
        ["sort"] = ([6], (l, x) => l.First.call(x).sort(1, descending: true).Values, true),
        ["scatter"] = ([6], (l, x) => zeros_like(x).scatter_add(1, x.argsort(1), l.First.call(x)), true),
        ["remainder"] = ([6], (l, x) => l.First.call(x).remainder(0.3) + l.First.call(x).fmod(0.3), true),
        ["remainder of both signs"] = ([6], (l, x) => (l.First.call(x) * 9).remainder(x) + (l.First.call(x) * 9).remainder(-0.1) + l.First.call(x).div(0.1, RoundingMode.floor), true),
        ["floors of quotients that round up"] = ([6], (l, x) => l.First.call(x) + (x * 10).round().div(10).div(0.1, RoundingMode.floor) + (x * 10).round().div(-10).div(x.sign() * 0.1, RoundingMode.floor), true),
        ["bilinear"] = ([6], (l, x) => l.Pairs.call(x, l.First.call(x)), false),
        ["lstm cell"] = ([4, 6], (l, x) => l.Lstm.call(x.select(1, 1), l.Lstm.call(x.select(1, 0), (zeros(x.shape[0], 5), zeros(x.shape[0], 5)))).Item1, true),
        ["gru cell"] = ([4, 6], (l, x) => l.Gru.call(x.select(1, 1), l.Gru.forward(x.select(1, 0))), false),
        ["rnn"] = ([4, 6], (l, x) => l.Rnn.call(x).Item1, true),
        ["last state"] = ([4, 6], (l, x) => l.States.call(x) is var (y, h) ? y.mean([1]) + h[0] : x, true),
        ["a gate of its own"] = ([6], (l, x) => l.First.call(x) is var y ? y * y.detach().sigmoid() + y * y.sigmoid() + F.silu(y) : x, true),
        ["a product of its own"] = ([4, 6], (l, x) => x.matmul(l.First.weight!.t()) + l.First.bias!, true),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    private sealed class Layers : nn.Module<Tensor, Tensor>
    {
        public readonly Linear First = nn.Linear(6, 6);
        public readonly Bilinear Pairs = nn.Bilinear(6, 6, 4);
        public readonly LSTMCell Lstm = nn.LSTMCell(6, 5);
        public readonly GRUCell Gru = nn.GRUCell(6, 6);
        public readonly RNN Rnn = nn.RNN(6, 5, numLayers: 2, batchFirst: true);
        public readonly GRU States = nn.GRU(6, 5, batchFirst: true);
        private readonly Func<Layers, Tensor, Tensor> of;

        public Layers(Func<Layers, Tensor, Tensor> of) : base("layers")
        {
            this.of = of;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => of(this, x);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void OnnxRuntimeAndTheFileReadAgain_GiveTheSameNumbers(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        var (sample, of, sameBits) = Cases[name];
        var graph = Graph.Trace(new Layers(of), randn([2, .. sample]));
        graph.eval();
        var path = Path.Combine(Path.GetTempPath(), $"interactive-operator-{Guid.NewGuid():N}.onnx");
        try
        {
            graph.ToOnnx(path);
            var read = Graph.FromOnnx(path);
            read.eval();
            foreach (var batch in (long[])[2, 5])
            {
                using var silent = no_grad();
                var x = randn([batch, .. sample]);
                var y = graph.forward(x).contiguous();
                Assert.InRange(OnnxRuntimeOracle.Difference(y, OnnxRuntimeOracle.Run(path, [x])[0]), 0, 1e-5);
                var again = read.forward(x).contiguous();
                if (sameBits) Assert.Equal(y.bytes.ToArray(), again.bytes.ToArray());
                else Assert.InRange(OnnxRuntimeOracle.Difference(y, again), 0, 1e-6);
            }
        }
        finally { File.Delete(path); }
    }

    [Fact]
    public void ANumberThatFollowsTheBatch_IsRefused_NotFixed()
    {
        using var graph = Graph.Trace(new Layers((l, x) => l.First.call(x) / x.shape[0]), randn(2, 6));
        Assert.Contains("it computes with a number that follows the batch",
            Assert.Throws<UsageException>(() => graph.ToOnnx(Path.Combine(Path.GetTempPath(), "never.onnx"))).Message);
    }
}
