using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>Modules that keep tensors from one run to the next, in fields of their own and without a word to libtorch's scopes.</summary>
public sealed class KeptTensorsTests
{
    private abstract class Part(string name) : nn.Module<Tensor, Tensor>(name)
    {
        protected readonly nn.Module<Tensor, Tensor> layer = nn.Linear(6, 6);
    }

    private sealed class Masked : Part
    {
        private Tensor? mask;
        public Masked() : base("masked") => RegisterComponents();
        public override Tensor forward(Tensor input)
        {
            mask ??= triu(ones(6, 6));
            return layer.call(input).matmul(mask);
        }
    }

    private sealed class BySize : Part
    {
        private readonly Dictionary<long, Tensor> masks = [];
        public BySize() : base("by-size") => RegisterComponents();
        public override Tensor forward(Tensor input)
        {
            if (!masks.TryGetValue(input.shape[1], out var mask)) masks.Add(input.shape[1], mask = triu(ones(6, 6)));
            return layer.call(input).matmul(mask);
        }
    }

    private sealed class Remembering : Part
    {
        private Tensor? state;
        public Remembering() : base("remembering") => RegisterComponents();
        public override Tensor forward(Tensor input)
        {
            state ??= zeros(6);
            var y = layer.call(input + state);
            state = y.detach().mean([0]).sigmoid();
            return y;
        }
    }

    private sealed class Pair : Part
    {
        private (Tensor Mean, Tensor Last) state = (zeros(6), zeros(6));
        public Pair() : base("pair") => RegisterComponents();
        public override Tensor forward(Tensor input)
        {
            var y = layer.call(input + state.Mean * state.Last);
            state = (y.detach().mean([0]), y.detach().amax([0]));
            return y;
        }
    }

    private sealed class Bank : Part
    {
        private readonly List<Tensor> bank = [];
        public Bank() : base("bank") => RegisterComponents();
        public override Tensor forward(Tensor input)
        {
            var y = layer.call(input);
            if (bank.Count > 0) y = y + stack(bank).mean([0]);
            bank.Add(y.detach().mean([0]));
            return y;
        }
    }

    // Its state goes back to a batch, so that another batch does not fit.
    private sealed class OfRows : Part
    {
        private Tensor? state;
        public OfRows() : base("of-rows") => RegisterComponents();
        public override Tensor forward(Tensor input)
        {
            if (state is null || state.shape[0] != input.shape[0]) state = zeros_like(input);
            var y = layer.call(input + state);
            state = y.detach();
            return y;
        }
    }

    private static nn.Module<Tensor, Tensor> Net(Type part)
    {
        manual_seed(1);
        return nn.Sequential(("in", nn.Linear(6, 6)), ("relu", nn.ReLU()), ("part", (nn.Module<Tensor, Tensor>)Activator.CreateInstance(part)!), ("out", nn.Linear(6, 3)));
    }

    [Theory]
    [InlineData(typeof(Masked), "", false)]
    [InlineData(typeof(Masked), "", true)]
    [InlineData(typeof(BySize), "", false)]
    [InlineData(typeof(BySize), "", true)]
    [InlineData(typeof(Remembering), "state", false)]
    [InlineData(typeof(Remembering), "state", true)]
    [InlineData(typeof(Pair), "state", true)]
    [InlineData(typeof(Bank), "bank", true)]
    [InlineData(typeof(OfRows), "state", true)]
    public void Steps_have_the_bits_of_the_module_by_itself(Type part, string keeps, bool leastBytes)
    {
        using var scope = NewDisposeScope();
        var (plain, net) = (Net(part), Net(part));
        var graph = Graph.Trace(net, randn(4, 6));
        Assert.Equal(keeps.Length == 0 ? "" : $"part is one node: its code keeps {keeps} from one run to the next", string.Join("; ", graph.Notes));
        var fused = Fusion.Fuse(graph);
        var schedule = leastBytes ? LeastBudget.Find(new PlanningGraph(fused, AnalyticProfile.Of(fused, 4)), halvings: 2).Schedule : KeepAll.Schedule(fused);
        using var executor = new Executor(fused, schedule);
        for (var step = 0; step < 4; step++)
        {
            var (x, y) = (randn(4, 6), randint(0, 3, 4, dtype: ScalarType.Int64));
            foreach (var parameter in plain.parameters().Concat(net.parameters())) parameter.grad = null;
            using (NewDisposeScope()) executor.Step(x, y);
            nn.functional.cross_entropy(plain.call(x), y).backward();
            Assert.All(plain.parameters().Zip(net.parameters()), p => Assert.Equal(p.First.grad!.bytes.ToArray(), p.Second.grad!.bytes.ToArray()));
        }
    }

    [Fact]
    public void A_trace_leaves_what_is_kept_as_it_was()
    {
        using var scope = NewDisposeScope();
        var (plain, net, x) = (Net(typeof(Bank)), Net(typeof(Bank)), randn(4, 6));
        plain.call(x);
        net.call(x);
        _ = Graph.Trace(net, x);
        Assert.Equal(plain.call(x).bytes.ToArray(), net.call(x).bytes.ToArray());
    }

    [Fact]
    public void A_profile_leaves_a_state_alone()
    {
        using var scope = NewDisposeScope();
        var (plain, net, x) = (Net(typeof(Remembering)), Net(typeof(Remembering)), randn(4, 6));
        var graph = Graph.Trace(net, x);
        Profiler.Measure(graph, 8, repetitions: 1);
        Assert.Equal(plain.call(x).bytes.ToArray(), net.call(x).bytes.ToArray());
    }
}
