using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>Modules that keep tensors from one run to the next, in fields without a word to scopes, or write into registered ones.</summary>
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

    private sealed class Following : Part
    {
        private readonly nn.Module<Tensor, Tensor> slow = nn.Linear(6, 6);
        public Following() : base("following")
        {
            RegisterComponents();
            foreach (var parameter in slow.parameters()) parameter.requires_grad = false;
        }
        public override Tensor forward(Tensor input)
        {
            if (training)
                using (no_grad())
                    foreach (var (to, from) in slow.parameters().Zip(layer.parameters())) to.mul_(0.9).add_(from, alpha: 0.1);
            return layer.call(input) * slow.call(input);
        }
    }

    private sealed class Queue : Part
    {
        private readonly Tensor queue = zeros(16, 6), at = zeros(1, dtype: ScalarType.Int64);
        public Queue() : base("queue") => RegisterComponents();
        public override Tensor forward(Tensor input)
        {
            var y = layer.call(input);
            var seen = y.matmul(queue.t().clone()).mean([1], true);
            if (training)
            {
                var first = at.item<long>();
                queue[TensorIndex.Slice(first, first + y.shape[0])] = y.detach();
                at[0] = (first + y.shape[0]) % 16;
            }
            return y + seen;
        }
    }

    private sealed class Ring : Part
    {
        private readonly Tensor ring = zeros(16, 6);
        private int at;
        public Ring() : base("ring") => RegisterComponents();
        public override Tensor forward(Tensor input)
        {
            var y = layer.call(input);
            var seen = y.matmul(ring.t().clone()).mean([1], true);
            if (training)
            {
                ring.narrow(0, at, 4).copy_(y.detach().mean([0]).expand(4, 6));
                at = (at + 4) % 16;
            }
            return y + seen;
        }
    }

    // A spectral norm by hand, whose vector backward has saved when the next run writes it.
    private sealed class Spectral : Part
    {
        private readonly TorchSharp.Modules.Parameter weight = nn.Parameter(randn(6, 6));
        private readonly Tensor u = nn.functional.normalize(randn(6), 2, 0);
        public Spectral() : base("spectral") => RegisterComponents();
        public override Tensor forward(Tensor input)
        {
            Tensor v;
            using (no_grad())
            {
                v = nn.functional.normalize(weight.t().matmul(u), 2, 0);
                if (training) u.copy_(nn.functional.normalize(weight.matmul(v), 2, 0));
            }
            return layer.call(input).matmul((weight / u.dot(weight.matmul(v))).t());
        }
    }

    private sealed class Waiting : Part
    {
        private readonly Queue<Tensor> queue = [];
        private readonly Tensor[] last = [zeros(6)];
        private readonly int[] runs = [0];
        public Waiting() : base("waiting") => RegisterComponents();
        public override Tensor forward(Tensor input)
        {
            var y = layer.call(input) + last[0] * runs[0];
            queue.Enqueue(y.detach().mean([0]));
            if (queue.Count > 2) last[0] = queue.Dequeue();
            runs[0]++;
            return y;
        }
    }

    // Deep enough that the least bytes leave no node of it kept that may run again.
    private static nn.Module<Tensor, Tensor> Net(Type part)
    {
        manual_seed(1);
        return nn.Sequential(("in", nn.Linear(6, 64)), ("relu", nn.ReLU()), ("narrow", nn.Linear(64, 6)), ("part", (nn.Module<Tensor, Tensor>)Activator.CreateInstance(part)!), ("tanh", nn.Tanh()),
            ("wide", nn.Linear(6, 64)), ("tanh2", nn.Tanh()), ("wide2", nn.Linear(64, 64)), ("tanh3", nn.Tanh()), ("out", nn.Linear(64, 3)));
    }

    [Theory]
    [InlineData(typeof(Following), "mul_ writes into part.slow.weight", true)]
    [InlineData(typeof(Queue), "in evaluation it runs aten::add.Tensor in place of aten::detach: something in the data or the mode decides what runs", true)]
    [InlineData(typeof(Ring), "its code writes at, on which a later run may depend", true)]
    [InlineData(typeof(Spectral), "copy_ writes into part.u", true)]
    [InlineData(typeof(Masked), "", false)]
    [InlineData(typeof(Masked), "", true)]
    [InlineData(typeof(BySize), "", false)]
    [InlineData(typeof(BySize), "", true)]
    [InlineData(typeof(Remembering), "its code keeps state from one run to the next", false)]
    [InlineData(typeof(Remembering), "its code keeps state from one run to the next", true)]
    [InlineData(typeof(Pair), "its code keeps state from one run to the next", true)]
    [InlineData(typeof(Bank), "its code keeps bank from one run to the next", true)]
    [InlineData(typeof(Waiting), "its code keeps runs from one run to the next", true)]
    [InlineData(typeof(OfRows), "its code keeps state from one run to the next", true)]
    public void Steps_have_the_bits_of_the_module_by_itself(Type part, string why, bool leastBytes)
    {
        using var scope = NewDisposeScope();
        var (plain, net) = (Net(part), Net(part));
        var graph = Graph.Trace(net, randn(4, 6));
        Assert.Equal(why.Length == 0 ? "" : $"part is one node: {why}", string.Join("; ", graph.Notes));
        var fused = Fusion.Fuse(graph);
        var schedule = leastBytes ? LeastBudget.Find(new PlanningGraph(fused, AnalyticProfile.Of(fused, 4)), halvings: 2).Schedule : KeepAll.Schedule(fused);
        using var executor = new Executor(fused, schedule);
        for (var step = 0; step < 4; step++)
        {
            var (x, y) = (randn(4, 6), randint(0, 3, 4, dtype: ScalarType.Int64));
            foreach (var parameter in plain.parameters().Concat(net.parameters())) parameter.grad = null;
            using (NewDisposeScope()) executor.Step(x, y);
            nn.functional.cross_entropy(plain.call(x), y).backward();
            Assert.All(plain.parameters().Zip(net.parameters()), p => Assert.Equal(p.First.grad?.bytes.ToArray(), p.Second.grad?.bytes.ToArray()));
            Assert.All(plain.parameters().Concat(plain.buffers()).Zip(net.parameters().Concat(net.buffers())), p => Assert.Equal(p.First.bytes.ToArray(), p.Second.bytes.ToArray()));
        }
    }

    [Theory]
    [InlineData(typeof(Masked))]
    [InlineData(typeof(Remembering))]
    [InlineData(typeof(Pair))]
    [InlineData(typeof(Bank))]
    [InlineData(typeof(Following))]
    [InlineData(typeof(Queue))]
    [InlineData(typeof(Ring))]
    public void A_checkpoint_by_hand_has_the_bits_of_the_module_by_itself(Type part)
    {
        using var scope = NewDisposeScope();
        var (plain, net) = (Net(part), Net(part));
        var layers = net.children().Cast<nn.Module<Tensor, Tensor>>().ToList();
        for (var step = 0; step < 4; step++)
        {
            var (x, y) = (randn(4, 6), randint(0, 3, 4, dtype: ScalarType.Int64));
            foreach (var parameter in plain.parameters().Concat(net.parameters())) parameter.grad = null;
            nn.functional.cross_entropy(layers.Aggregate(x, (value, layer) => layer == layers[3] ? Checkpoint.Run(layer, value) : layer.call(value)), y).backward();
            nn.functional.cross_entropy(plain.call(x), y).backward();
            Assert.All(plain.parameters().Zip(net.parameters()), p => Assert.Equal(p.First.grad?.bytes.ToArray(), p.Second.grad?.bytes.ToArray()));
            Assert.All(plain.parameters().Concat(plain.buffers()).Zip(net.parameters().Concat(net.buffers())), p => Assert.Equal(p.First.bytes.ToArray(), p.Second.bytes.ToArray()));
        }
    }

    [Theory]
    [InlineData(typeof(Bank))]
    [InlineData(typeof(Waiting))]
    [InlineData(typeof(Following))]
    [InlineData(typeof(Ring))]
    public void A_trace_leaves_what_is_kept_as_it_was(Type part)
    {
        using var scope = NewDisposeScope();
        var (plain, net, x) = (Net(part), Net(part), randn(4, 6));
        plain.call(x);
        net.call(x);
        _ = Graph.Trace(net, x);
        Assert.Equal(plain.call(x).bytes.ToArray(), net.call(x).bytes.ToArray());
    }

    [Fact]
    public void A_capture_leaves_a_state_alone()
    {
        using var scope = NewDisposeScope();
        var (plain, net, x) = (Net(typeof(Remembering)), Net(typeof(Remembering)), randn(4, 6));
        Assert.NotEqual(0, Graph.Capture(net, new Shape(6)).Nodes.Count(n => n.Op.Kind == "opaque"));
        Assert.Equal(plain.call(x).bytes.ToArray(), net.call(x).bytes.ToArray());
    }

    [Theory]
    [InlineData(typeof(Remembering))]
    [InlineData(typeof(Spectral))]
    public void A_profile_leaves_a_state_alone(Type part)
    {
        using var scope = NewDisposeScope();
        var (plain, net, x) = (Net(part), Net(part), randn(4, 6));
        var graph = Graph.Trace(net, x);
        Profiler.Measure(graph, 8, repetitions: 1);
        Assert.Equal(plain.call(x).bytes.ToArray(), net.call(x).bytes.ToArray());
    }
}
