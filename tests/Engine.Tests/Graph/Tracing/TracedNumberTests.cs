using Interactive.Graphs;
using Interactive.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>Numbers in a forward that follow the batch or the mode are no constants of the graph.</summary>
public sealed class TracedNumberTests
{
    private sealed class Net : nn.Module<Tensor, Tensor>
    {
        private readonly Func<nn.Module, Tensor, Tensor> part;
        public readonly TorchSharp.Modules.Linear First = nn.Linear(6, 6), Last = nn.Linear(6, 3);

        public Net(Func<nn.Module, Tensor, Tensor> part) : base("net")
        {
            this.part = part;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => nn.functional.relu(Last.call(part(this, First.call(input))));
    }

    public static TheoryData<string> Parts => [.. parts.Keys];

    private static readonly Dictionary<string, Func<nn.Module, Tensor, Tensor>> parts = new()
    {
        ["times the batch"] = (m, x) => x * x.shape[0],
        ["by the batch"] = (m, x) => x / x.shape[0],
        ["plus the batch"] = (m, x) => x + x.shape[0],
        ["minus a share of the batch"] = (m, x) => x.add(x.tanh(), alpha: x.shape[0]),
        ["by all numbers"] = (m, x) => x / x.numel(),
        ["by the root of the batch"] = (m, x) => x / Math.Sqrt(x.shape[0]),
        ["a tensor of the batch"] = (m, x) => x * tensor((float)x.shape[0]),
        ["times the mode"] = (m, x) => x * (m.training ? 2.0 : 1.0),
        ["plus the mode"] = (m, x) => x + (m.training ? 2 : 1),
        ["a slope by mode"] = (m, x) => nn.functional.leaky_relu(x, m.training ? 0.3 : 0.1),
        ["an epsilon by mode"] = (m, x) => nn.functional.layer_norm(x, [6], eps: m.training ? 1e-5 : 1e-2),
        ["a tensor by mode"] = (m, x) => x * tensor(m.training ? 2f : 1f),
        ["a dimension by mode"] = (m, x) => x.softmax(m.training ? 1 : 0),
    };

    [Theory]
    [MemberData(nameof(Parts))]
    public void They_are_followed(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new Net(parts[name]);
        using (no_grad()) net.Last.bias!.fill_(-1e6); // while it is traced no output tells of what comes before
        var graph = Graph.Trace(net, randn(4, 6));
        using (no_grad()) net.Last.bias!.fill_(0.1);
        foreach (var batch in new[] { 2, 5, 7 }) Same.AsTheModule(net, graph, randn(batch, 6), KeepAll.Schedule(Fusion.Fuse(graph)));
    }
}
