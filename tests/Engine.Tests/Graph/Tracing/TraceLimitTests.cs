using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interactive.Engine.Tests.Graphs.Tracing;

/// <summary>What a trace cannot see into becomes one node, and the notes say where and why; nothing else than the module runs.</summary>
public class TraceLimitTests
{
    private sealed class Branching : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> often = Linear(6, 6), seldom = Sequential(Linear(6, 6), Tanh());
        public Branching() : base("branching") => RegisterComponents();
        public override Tensor forward(Tensor x) => x.sum().item<float>() > 0 ? often.call(x) : seldom.call(x);
    }

    private sealed class Longer : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> layer = Linear(6, 6);
        public Longer() : base("longer") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            for (var i = 0; i < x.shape[0]; i++) x = layer.call(x);
            return x;
        }
    }

    private sealed class Skip(params (string, Module<Tensor, Tensor>)[] modules) : TorchSharp.Modules.Sequential(modules)
    {
        public override Tensor forward(Tensor x) => x + base.forward(x);
    }

    private sealed class Accumulating : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> layer = Linear(6, 6);
        public Accumulating() : base("accumulating") => RegisterComponents();
        public override Tensor forward(Tensor x)
        {
            var y = layer.call(x);
            y[TensorIndex.Colon, 0].add_(1);
            return y;
        }
    }

    private sealed class Counting : Module<Tensor, Tensor>
    {
        private readonly Tensor seen = zeros(1);
        public Counting() : base("counting")
        {
            register_buffer("seen", seen);
            RegisterComponents();
        }
        public override Tensor forward(Tensor x)
        {
            if (training) using (no_grad()) seen.add_(1);
            return x * 2;
        }
    }

    private static Module<Tensor, Tensor> Around(Module<Tensor, Tensor> middle) => Sequential(("first", Linear(6, 6)), ("middle", middle), ("act", ReLU()), ("last", Linear(6, 3)));

    private static Graph Trace(Module<Tensor, Tensor> net)
    {
        var graph = Graph.Trace(net, randn(2, 6));
        Same.AsTheModule(net, graph, randn(5, 6), Interactive.Memory.KeepAll.Schedule(Fusion.Fuse(graph)));
        return graph;
    }

    [Fact]
    public void A_module_whose_course_depends_on_the_data_is_one_node_and_the_rest_are_many()
    {
        using var scope = NewDisposeScope();
        var graph = Trace(Around(new Branching()));
        Assert.Equal(["first", "middle", "act", "last"], graph.Nodes.Select(n => n.Name));
        var note = Assert.Single(graph.Notes);
        Assert.Equal("middle", note.Where);
        Assert.Contains("reads a value of the data", note.Why);
    }

    // In all batches of a trace alike.
    private sealed class Seldom : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> layer = Linear(6, 6);
        public Seldom() : base("seldom") => RegisterComponents();
        public override Tensor forward(Tensor x) => x.sum().item<float>() > 1e9 ? x : layer.call(x);
    }

    private sealed class ByBytes : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> layer = Linear(6, 6);
        public ByBytes() : base("bytes") => RegisterComponents();
        public override Tensor forward(Tensor x) => x.data<float>()[0] > 1e9 ? x : layer.call(x);
    }

    private sealed class ReadsItsOwn : Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear layer = Linear(6, 6);
        private readonly Tensor scale = tensor(2f);
        public ReadsItsOwn() : base("own")
        {
            register_buffer("scale", scale);
            RegisterComponents();
        }
        public override Tensor forward(Tensor x) => layer.call(x) * scale.item<float>();
    }

    [Fact]
    public void A_choice_that_never_shows_in_a_trace_is_not_frozen()
    {
        using var scope = NewDisposeScope();
        foreach (var middle in new Module<Tensor, Tensor>[] { new Seldom(), new ByBytes() })
        {
            var graph = Trace(Around(middle));
            Assert.Equal(["first", "middle", "act", "last"], graph.Nodes.Select(n => n.Name));
            var note = Assert.Single(graph.Notes);
            Assert.Equal(("middle", "item or data reads a value of the data, which may decide what runs"), (note.Where, note.Why));
        }
        var huge = full([1, 6], 1e9f);
        var net = new Seldom();
        Assert.True(Graph.Trace(net, randn(2, 6)).forward(huge).Equals(huge));
    }

    [Fact]
    public void A_module_that_reads_numbers_of_its_own_is_seen_into()
    {
        using var scope = NewDisposeScope();
        Assert.Empty(Trace(Around(new ReadsItsOwn())).Notes);
    }

    // What runs in forward does not tell what its backward does.
    private sealed class Reversed : autograd.SingleTensorFunction<Reversed>
    {
        public override string Name => "reversed";
        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]) * 2;
        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor gradient) => [gradient.neg()];
    }

    private sealed class Adversary : Module<Tensor, Tensor>
    {
        public Adversary() : base("adversary") => RegisterComponents();
        public override Tensor forward(Tensor x) => Reversed.apply(x);
    }

    [Fact]
    public void Only_the_module_whose_bits_differ_is_one_node()
    {
        using var scope = NewDisposeScope();
        var graph = Trace(Sequential(("first", Linear(6, 6)), ("block", Sequential(("a", Linear(6, 6)), ("b", new Adversary()))), ("last", Linear(6, 3))));
        Assert.Equal(["first", "block.a", "block.b", "last"], graph.Nodes.Select(n => n.Name));
        Assert.Equal("opaque", graph.Nodes[2].Op.Kind);
        var note = Assert.Single(graph.Notes);
        Assert.Equal("block.b", note.Where);
        Assert.Contains("of the graph differs from the module's", note.Why);
    }

    [Fact]
    public void A_module_that_runs_more_for_more_samples_is_one_node()
    {
        using var scope = NewDisposeScope();
        var note = Assert.Single(Trace(Around(new Longer())).Notes);
        Assert.Equal("middle", note.Where);
        Assert.Contains("with other values and another batch", note.Why);
    }

    [Fact]
    public void A_write_through_a_view_is_one_node()
    {
        using var scope = NewDisposeScope();
        var note = Assert.Single(Trace(Around(new Accumulating())).Notes);
        Assert.Equal(("middle", "a tensor is read after it was overwritten in place through a view"), (note.Where, note.Why));
    }

    [Fact]
    public void A_sequential_with_its_own_forward_and_a_hook_run_as_in_the_module()
    {
        using var scope = NewDisposeScope();
        var net = Sequential(("a", Linear(6, 6)), ("block", new Skip(("l", Linear(6, 6)), ("r", ReLU()))), ("last", Linear(6, 3)));
        ((TorchSharp.Modules.Linear)net.children().First()).register_forward_hook((_, _, y) => y * 2);
        var graph = Trace(net);
        Assert.Empty(graph.Notes);
        Assert.Contains(graph.Nodes, n => n.Op.Kind == "add");
        Assert.Contains(graph.Nodes, n => n.Op.Kind == "mul_scalar");
    }

    // The graph does not call its layers: the hook would be passed over.
    [Fact]
    public void A_hook_that_comes_or_goes_after_the_trace_is_refused_at_the_next_step()
    {
        using var scope = NewDisposeScope();
        Assert.True(ModuleHooks.AreSeen);
        var (first, last) = (Linear(6, 6), Linear(6, 3));
        var graph = Trace(Sequential(("first", first), ("middle", new Accumulating()), ("last", last)));
        using var executor = new Executor(graph);
        var (x, y) = (randn(4, 6), zeros(4, ScalarType.Int64));
        var loss = executor.Step(x, y);
        var hook = first.register_forward_hook((_, _, result) => result * 2);
        Assert.StartsWith("first of ", Assert.Throws<UsageException>(() => executor.Step(x, y)).Message);
        Assert.StartsWith("first of ", Assert.Throws<UsageException>(() => executor.Infer(x)).Message);
        hook.remove();
        Assert.Equal(loss, executor.Step(x, y));
        ((Module<Tensor, Tensor>)graph.Nodes.Select(n => n.Op).OfType<Interactive.Graphs.Ops.Opaque>().Single().Module!).register_forward_pre_hook((_, given) => given * 0);
        Assert.NotEqual(loss, executor.Step(x, y)); // an opaque node calls its module, hooks and all
    }

    [Fact]
    public void A_buffer_that_counts_moves_once_a_step()
    {
        using var scope = NewDisposeScope();
        var graph = Trace(Around(new Counting()));
        Assert.Empty(graph.Notes);
    }

    [Fact]
    public void A_trace_leaves_buffers_gradients_modes_and_random_numbers_alone()
    {
        using var scope = NewDisposeScope();
        var norm = BatchNorm1d(6);
        var net = Sequential(("fc", Linear(6, 6)), ("norm", norm), ("drop", Dropout(0.5)));
        norm.eval();
        net.call(randn(3, 6)).sum().backward();
        var (before, gradient) = (norm.running_mean!.clone(), net.parameters().First().grad!.clone());
        var x = randn(2, 6);
        manual_seed(5);
        var wanted = rand(3);
        manual_seed(5);
        Graph.Trace(net, x);
        Assert.True(wanted.Equals(rand(3)));
        Assert.True(before.Equals(norm.running_mean));
        Assert.True(gradient.Equals(net.parameters().First().grad!));
        Assert.False(norm.training);
        Assert.True(net.training);
    }

    [Fact]
    public void A_parameter_that_is_not_finite_is_named()
    {
        using var scope = NewDisposeScope();
        var net = Sequential(("fc", Linear(6, 6)), ("norm", Linear(6, 6)));
        using (no_grad()) net.get_parameter("norm.weight")![0, 0] = float.NaN;
        Assert.Equal("norm.weight is not finite", Assert.Throws<GraphException>(() => Graph.Trace(net, randn(2, 6))).Message);
    }

    [Fact]
    public void A_module_that_refuses_its_input_says_so()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("refuses", Assert.Throws<GraphException>(() => Graph.Trace(Linear(5, 2), randn(2, 4))).Message);
    }

    private sealed class Chooses : Module<Tensor, Tensor, Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> a = Linear(6, 6), b = Linear(6, 6);
        public Chooses() : base("chooses") => RegisterComponents();
        public override Tensor forward(Tensor x, Tensor y, Tensor scale) => ((x * y).sum().item<float>() > 0 ? a.call(x) : b.call(y)) * (scale ?? ones(6));
    }

    private sealed class Merges(bool scaled) : Module<Tensor, Tensor>("merges")
    {
        private readonly Module<Tensor, Tensor> before = Linear(6, 6), after = Linear(6, 3);
        private readonly Chooses chooses = new();
        public Merges Registered()
        {
            RegisterComponents();
            return this;
        }
        public override Tensor forward(Tensor x) => after.call(functional.relu(chooses.call(before.call(x), x, scaled ? arange(6f) : null!)));
    }

    [Theory]
    [InlineData(false)] // it is not given its last tensor
    [InlineData(true)] // the last tensor is the same for all data
    public void A_part_of_several_tensors_is_one_node_by_itself(bool scaled)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Trace(Sequential(("in", Linear(6, 6)), ("merges", new Merges(scaled).Registered()), ("out", Linear(3, 3))));
        Assert.Equal(["in", "merges.before", "merges.chooses", "merges.relu", "merges.after", "out"], graph.Nodes.Select(n => n.Name));
        Assert.Equal("merges.chooses", Assert.Single(graph.Notes).Where);
        Assert.Equal(2, graph.Nodes[2].Inputs.Count);
    }

    private sealed class TokensFirst : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> choice = new Seldom(), last = Linear(6, 3);
        public TokensFirst() : base("tokens_first") => RegisterComponents();
        public override Tensor forward(Tensor x) => last.call(choice.call(x.unsqueeze(0).expand(4, x.shape[0], 6)).mean([0]));
    }

    [Fact]
    public void A_part_whose_samples_are_not_first_is_one_node_by_itself()
    {
        using var scope = NewDisposeScope();
        var graph = Trace(new TokensFirst());
        Assert.Equal("choice", Assert.Single(graph.Notes).Where);
        Assert.Equal("4xbatchx6", string.Join('x', Assert.Single(graph.Nodes, n => n.Op.Kind == "opaque").Output.Extents));
    }

    private sealed class Pair : Module<Tensor, Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> layer = Linear(6, 3);
        public Pair() : base("pair") => RegisterComponents();
        public override Tensor forward(Tensor x, Tensor y)
        {
            x = functional.dropout(x, 0.5, training);
            return layer.call(x.sum().item<float>() > 1e6 ? y : x + y);
        }
    }

    [Fact]
    public void A_net_that_is_one_node_takes_several_tensors_and_follows_the_graph_s_mode()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new Pair();
        var graph = Graph.Trace(net, [randn(2, 6), randn(2, 6)]);
        Assert.Equal(("", "opaque"), (Assert.Single(graph.Notes).Where, graph.Nodes[^1].Op.Kind));
        Tensor[] batch = [randn(5, 6), randn(5, 6)];
        graph.eval();
        net.eval();
        var wanted = net.call(batch[0], batch[1]);
        net.train();
        Assert.True(wanted.Equals(graph.Forward(batch)[0]));
        graph.train();
        Assert.False(graph.Forward(batch)[0].Equals(graph.Forward(batch)[0]));

        manual_seed(3);
        net.call(batch[0], batch[1]).sin().sum().backward();
        var gradient = net.get_parameter("layer.weight")!.grad!.clone();
        net.zero_grad();
        using var executor = new Interactive.Execution.Executor(graph, null, Interactive.Execution.Objective.From("sines", (outputs, _) => outputs[0].sin().sum()));
        manual_seed(3);
        executor.Step(batch, []);
        Assert.True(gradient.Equals(net.get_parameter("layer.weight")!.grad!));
    }

    private sealed class Copies : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> layer = Linear(6, 6);
        public Copies() : base("copies") => RegisterComponents();
        public override Tensor forward(Tensor x) => layer.call(x.to(CPU).to(ScalarType.Float32)).cpu();
    }

    [Fact]
    public void A_move_to_where_it_is_hides_nothing()
    {
        using var scope = NewDisposeScope();
        Assert.Empty(Trace(Around(new Copies())).Notes);
    }

    private sealed class OnlyTrains : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> layer = Linear(6, 6);
        public OnlyTrains() : base("only_trains") => RegisterComponents();
        public override Tensor forward(Tensor x) => training ? layer.call(x) : throw new InvalidOperationException("not now");
    }

    [Fact]
    public void A_module_that_fails_in_evaluation_alone_is_told_so()
        => Assert.Equal("only_trains fails in evaluation: InvalidOperationException: not now", Assert.Throws<GraphException>(() => Graph.Trace(new OnlyTrains(), randn(2, 6))).Message);
}
