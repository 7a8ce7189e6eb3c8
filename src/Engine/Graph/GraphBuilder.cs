using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// Collects nodes in topological order. Layers are added with the fluent extensions on <see cref="Value"/>; names are
/// given by <see cref="Scope"/> and by the layer, or made from the op's kind (<c>relu</c>, <c>relu_1</c>, …).
/// </summary>
public sealed class GraphBuilder
{
    private readonly List<Node> nodes = [];
    private readonly HashSet<string> names = [];
    private string prefix = "";

    /// <summary>Starts a graph over samples of this shape.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="input">One sample.</param>
    /// <param name="type">Element type of the input.</param>
    /// <param name="device">Where parameters are made; <c>META</c> makes none: shapes and counts only.</param>
    public GraphBuilder(string name, Shape input, ScalarType type = ScalarType.Float32, Device? device = null)
    {
        Name = name;
        Device = device;
        Input = new Value(this, null, input, type, 0);
    }

    /// <summary>The model's name.</summary>
    public string Name { get; }
    /// <summary>Where parameters are made; null is the default device.</summary>
    public Device? Device { get; }
    /// <summary>The graph's input.</summary>
    public Value Input { get; }

    /// <summary>
    /// One more input: a node without inputs, whose tensor comes with the batch after those of the inputs before it.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">One sample.</param>
    /// <param name="type">Element type.</param>
    /// <exception cref="GraphException">The name is taken.</exception>
    public Value AddInput(string name, Shape shape, ScalarType type = ScalarType.Float32)
        => Add(new Ops.Input(shape, type), name);

    /// <summary>
    /// Names of nodes added until the result is disposed start with <paramref name="name"/> and a dot.
    /// </summary>
    public IDisposable Scope(string name)
    {
        var outer = prefix;
        prefix = prefix + name + ".";
        return new ScopeEnd(() => prefix = outer);
    }

    /// <summary>Adds a node and returns its output.</summary>
    /// <exception cref="GraphException">The inputs do not fit the op, or the name is taken; the message names the
    /// node.</exception>
    public Value Add(Op op, string? name, params ReadOnlySpan<Value> inputs)
    {
        var full = prefix + (name ?? Unused(op.Kind));
        if (!names.Add(full)) throw new GraphException($"{full}: a node of this name exists");
        foreach (var input in inputs)
            if (input.Builder != this) throw new GraphException($"{full}: {input.Name} belongs to another graph");
        var node = new Node(nodes.Count, full, op, inputs.ToArray());
        (Shape shape, ScalarType type) inferred;
        try { inferred = op.Infer(node.Inputs); }
        catch (GraphException e) { throw new GraphException($"{full}: {e.Message}"); }
        node.Output = new Value(this, node, inferred.shape, inferred.type, node.Id + 1,
            op.Extents(node.Inputs, inferred.shape))
        { Format = MemoryFormatRules.Output(op, node.Inputs, inferred.shape) };
        foreach (var input in inputs) input.AddConsumer(node);
        node.Output.FindGradient(ofInputs: false);
        nodes.Add(node);
        return node.Output;
    }

    /// <summary>The finished graph with these results. An output may be read by other nodes too.</summary>
    /// <param name="outputs">At least one.</param>
    /// <exception cref="GraphException">A node leads to no output, or an output is given twice or not made by a node of
    /// this graph.</exception>
    public Graph Build(params Value[] outputs)
    {
        Check(outputs);
        return new Graph(Name, Inputs, outputs, nodes, ownsModules: true);
    }

    /// <summary>The same, over modules that the caller registers.</summary>
    internal Graph BuildOver(IReadOnlyList<Value> outputs)
    {
        Check([.. outputs]);
        return new Graph(Name, Inputs, outputs, nodes, ownsModules: false);
    }

    private void Check(Value[] outputs)
    {
        if (outputs.Length == 0) throw new GraphException($"{Name}: a graph needs an output");
        foreach (var output in outputs)
            if (output.Builder != this || output.Producer is null || outputs.Count(o => o == output) > 1)
                throw new GraphException($"{Name}: an output must be made by a node of this graph and be given once, got {output.Name}");
        foreach (var node in nodes)
            if (node.Output.Consumers.Count == 0 && !node.Output.IsInput && !outputs.Contains(node.Output))
                throw new GraphException($"{node.Name}: its result is never used");
    }

    /// <summary>
    /// A graph that a trace of <paramref name="module"/> gave: it has the module's parameters and buffers under the
    /// module's names.
    /// </summary>
    internal Graph BuildTraced(IReadOnlyList<Value> outputs, nn.Module module, IReadOnlyList<TraceNote> notes, IReadOnlyList<TraceNote> states,
        IReadOnlyList<string> moves)
    {
        var graph = new Graph(Name, Inputs, outputs, nodes, ownsModules: false) { Notes = [.. notes], States = [.. states], MovesInEvaluation = [.. moves], IsTraced = true };
        ModuleTree.Adopt(graph, module);
        graph.Hooks = ModuleHooks.Of(module, graph);
        graph.ArgumentNames = ModuleCall.ArgumentNames(module, graph.Inputs.Count);
        return graph;
    }

    /// <summary>A graph over modules that another graph owns.</summary>
    internal Graph BuildView(IReadOnlyList<Value> outputs, bool inputGradients)
        => new(Name, Inputs, outputs, nodes, ownsModules: false) { InputGradients = inputGradients };

    /// <summary>A graph whose layers <see cref="GraphCut"/> registers.</summary>
    internal Graph BuildCut(IReadOnlyList<Value> outputs, Graph from)
    {
        foreach (var node in nodes)
            if (node.Output.Consumers.Count == 0 && !node.Output.IsInput && !outputs.Contains(node.Output))
                throw new GraphException($"{node.Name}: its result is never used");
        return new Graph(Name, Inputs, outputs, nodes,
            ownsModules: false)
        {
            Notes = from.Notes,
            States = from.States,
            MovesInEvaluation = from.MovesInEvaluation,
            Hooks = from.Hooks,
            ArgumentNames = from.ArgumentNames,
            InputGradients = from.InputGradients,
            Precision = from.Precision,
            MemoryFormat = from.MemoryFormat,
        };
    }

    private List<Value> Inputs => [Input, .. nodes.Select(n => n.Output).Where(v => v.IsInput)];

    private string Unused(string kind)
    {
        if (!names.Contains(prefix + kind)) return kind;
        for (var i = 1; ; i++)
            if (!names.Contains($"{prefix}{kind}_{i}")) return $"{kind}_{i}";
    }

    private sealed class ScopeEnd(Action end) : IDisposable { public void Dispose() => end(); }
}
