using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Ops;

/// <summary>What holds for every op, checked in a small net around it.</summary>
internal static class OpChecks
{
    private const long Batch = 3;

    /// <summary>A net that ends in logits, with the op's value in the middle.</summary>
    public static Graph Net(Shape input, Func<Value, Value> build, ScalarType type = ScalarType.Float32)
    {
        manual_seed(11);
        var builder = new GraphBuilder("net", input, type);
        var value = build(builder.Input);
        var graph = builder.Build((value.Shape.Rank == 1 ? value : value.Flatten()).Linear(4));
        graph.train();
        return graph;
    }

    /// <summary>
    /// Loss, gradients and buffers after two steps are those of plain autograd, with everything kept and with
    /// everything made again.
    /// </summary>
    public static void TrainsWithAutogradsBits(Func<Graph> create)
    {
        using var scope = NewDisposeScope();
        var graph = create();
        var start = graph.state_dict().ToDictionary(e => e.Key, e => e.Value.clone());
        var (x, y) = (Input(graph), randint(0, 4, Batch, dtype: ScalarType.Int64));
        manual_seed(5);
        var plain = new List<double>();
        for (var step = 0; step < 2; step++)
        {
            using var inner = NewDisposeScope();
            var loss = nn.functional.cross_entropy(graph.forward(x), y);
            loss.backward();
            plain.Add(loss.item<float>());
        }
        var expected = Snapshot(graph);
        foreach (var schedule in new Schedule?[] { null, Again(graph) })
        {
            using (no_grad())
                foreach (var (key, tensor) in graph.state_dict()) tensor.copy_(start[key]);
            foreach (var p in graph.parameters()) p.grad = null;
            manual_seed(5);
            using var executor = new Executor(graph, schedule);
            Assert.Equal(plain, Enumerable.Range(0, 2).Select(_ => executor.Step(x, y)));
            foreach (var (key,
                bytes) in Snapshot(graph)) Assert.True(expected[key].AsSpan().SequenceEqual(bytes),
                $"{key}, {schedule?.Planner ?? "all kept"}");
        }
    }

    /// <summary>
    /// Every node that runs directly has the bits of its own autograd, whichever inputs want gradients, for gradients
    /// with gaps too.
    /// </summary>
    public static void RunsDirectWithAutogradsBits(Func<Graph> create, bool expectDirect = true)
    {
        using var scope = NewDisposeScope();
        var graph = create();
        var values = new Tensor[graph.Nodes.Count + 1];
        values[0] = Input(graph);
        var found = 0;
        using (no_grad())
            foreach (var node in graph.Nodes)
            {
                Tensor[] inputs = [.. node.Inputs.Select(v => values[v.Id])];
                if (node.Op is IDirect op && op.RunsDirect(inputs))
                {
                    if (node.Op is not Interactive.Graphs.Ops.Linear) found++; // every net has one
                    Check(node, op, inputs);
                }
                values[node.Output.Id] = node.Op.Forward(inputs, new RunMode(Training: true, Recompute: true));
            }
        Assert.Equal(expectDirect, found > 0);
    }

    private static void Check(Node node, IDirect op, Tensor[] inputs)
    {
        var mode = new RunMode(Training: true, Recompute: true);
        var floating = inputs.Select(x => x.dtype == ScalarType.Float32).ToArray();
        for (var wanted = 0; wanted < 1 << inputs.Length; wanted++)
        {
            bool[] wants = [.. Enumerable.Range(0, inputs.Length).Select(i => (wanted >> i & 1) != 0)];
            if (wants.Zip(floating).Any(p => p.First && !p.Second)) continue;
            var parameters = node.Op.Parameters.Where(p => p.requires_grad).ToArray();
            Tensor[] leaves = [.. inputs.Zip(wants, (x, w) => x.clone().requires_grad_(w))];
            Tensor expected;
            manual_seed(wanted);
            using (enable_grad()) expected = node.Op.Forward(leaves, mode);
            manual_seed(wanted);
            var y = op.Forward(inputs, mode, out var statistics);
            Same(expected, y, $"{node}: output");
            foreach (var gradient in Arriving(y))
            {
                foreach (var leaf in leaves) leaf.grad = null;
                foreach (var p in parameters) p.grad = null;
                if (expected.requires_grad) autograd.backward([expected], [gradient], retain_graph: true);
                Tensor?[] theirs = [.. parameters.Select(p => p.grad?.clone())];
                foreach (var p in parameters) p.grad = null;
                var arriving = new Tensor?[inputs.Length];
                op.Backward(inputs, gradient, statistics, wants, arriving);
                for (var i = 0; i < inputs.Length; i++)
                {
                    Assert.Equal(wants[i], arriving[i] is not null);
                    if (wants[i]) Same(leaves[i].grad!, arriving[i]!, $"{node}: gradient {i}");
                }
                foreach (var (a,
                    b) in theirs.Zip(parameters)) Same(a!, b.grad!, $"{node}: {b.shape.Length}-d parameter");
                if (!wants[0] || op is not IOverwritesGradient over) continue;
                var place = gradient.clone();
                over.BackwardOver(inputs[0], place, statistics);
                Same(leaves[0].grad!, place, $"{node}: gradient in place");
            }
        }
    }

    private static IEnumerable<Tensor> Arriving(Tensor y)
    {
        yield return randn_like(y);
        yield return zeros_like(y).neg();
        if (y.dim() > 1)
            yield return randn([.. y.shape.Reverse()])
            .permute([.. Enumerable.Range(0, (int)y.dim()).Reverse().Select(i => (long)i)]);
    }

    /// <summary>What each node keeps besides its output is what it declares.</summary>
    public static void DeclaresWhatIsHeld(Func<Graph> create)
    {
        using var scope = NewDisposeScope();
        var graph = create();
        // Twice: a finaliser in between may free bytes that others have left.
        var (measured, again) = (Profiler.Measure(graph, Batch, repetitions: 1),
            Profiler.Measure(graph, Batch, repetitions: 1));
        foreach (var (a, m, other) in AnalyticProfile.Of(Fusion.Fuse(graph), Batch).Nodes.Zip(measured.Nodes,
            again.Nodes))
            Assert.True(a.ExtraBytes == m.ExtraBytes || a.ExtraBytes == other.ExtraBytes,
                $"{a.Name}: {a.ExtraBytes} declared, {m.ExtraBytes} measured");
    }

    private static Schedule Again(Graph graph)
    {
        var fused = Fusion.Fuse(graph);
        var facts = new PlanningGraph(fused, AnalyticProfile.Of(fused, Batch));
        var retention = new Retention(facts);
        for (var v = 1; v < retention.Values.Length; v++)
            if (v != facts.Graph.Output.Id) retention.Values[v] = Keep.Never;
        Array.Fill(retention.Graphs, Keep.Never);
        return new ScheduleBuilder(facts).Build(retention, "all made again");
    }

    private static Tensor Input(Graph graph)
    {
        manual_seed(7);
        return graph.Input.Type == ScalarType.Int64
            ? randint(0, 9, graph.Input.Shape.WithBatch(Batch), dtype: ScalarType.Int64)
            : randn(graph.Input.Shape.WithBatch(Batch));
    }

    private static void Same(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(expected.contiguous().bytes.SequenceEqual(actual.contiguous().bytes), what);
    }

    private static Dictionary<string, byte[]> Snapshot(Graph graph)
        => graph.named_parameters().Where(p => p.parameter.requires_grad)
        .Select(p => ($"{p.name}.grad", p.parameter.grad!.bytes.ToArray()))
            .Concat(graph.named_buffers().Select(b => (b.name, b.buffer.bytes.ToArray()))).ToDictionary();
}
