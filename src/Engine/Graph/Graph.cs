using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// A model as a list of nodes in topological order, with one or several inputs and outputs. It is also a TorchSharp module:
/// <c>parameters()</c>, <c>state_dict()</c>, <c>to()</c>, <c>train()</c> work, and <c>forward</c> is ordinary autograd.
/// Modules are registered under their node's dotted name.
/// </summary>
public sealed class Graph : nn.Module<Tensor, Tensor>
{
    private bool inputGradients;
    private Precision precision = Precision.Float32;
    private MemoryFormat format = MemoryFormat.Contiguous;
    private Graph? mixed; // with casts, and laid

    internal Graph(string name, IReadOnlyList<Value> inputs, IReadOnlyList<Value> outputs, IReadOnlyList<Node> nodes, bool ownsModules) : base(name)
    {
        (Name, Inputs, Outputs, Nodes) = (name, inputs, outputs, [.. nodes]);
        foreach (var output in outputs) output.IsOutput = true;
        FindGradients();
        if (!ownsModules) return;
        foreach (var node in Nodes)
            if (node.Op.Module is { } module) ModuleTree.Register(this, node.Name, module);
    }

    /// <summary>
    /// A graph over a user's module tree, sharing its parameters: nested <c>Sequential</c>s become nodes, a module that is
    /// not known becomes one opaque node and still trains.
    /// </summary>
    /// <param name="module">The model.</param>
    /// <param name="input">One sample's shape.</param>
    /// <param name="type">Element type of the input.</param>
    /// <param name="name">The model's name; default the module's.</param>
    /// <exception cref="GraphException">The modules do not fit one another; the message names the node.</exception>
    public static Graph Capture(nn.Module<Tensor, Tensor> module, Shape input, ScalarType type = ScalarType.Float32, string? name = null)
        => Graphs.Capture.Module(module, input, type, name);

    /// <summary>
    /// A graph of whatever a module runs, functional calls and operators included, with the module's parameters under its own names. The
    /// module is run a few times, in training and in evaluation, with other values and other batches; buffers, gradients, modes and the
    /// random generator stay as they are. Where something in the data decides what runs, the module at that place becomes one opaque node
    /// and <see cref="Notes"/> says where and why. The graph is checked to have the module's own bits, forward and backward.
    /// </summary>
    /// <param name="module">The model; it keeps working on its own, and both see the same parameters.</param>
    /// <param name="example">A batch (samples, …) such as it will be given; only its numbers matter.</param>
    /// <param name="name">The model's name; default the module's.</param>
    /// <exception cref="GraphException">The module cannot be run on the example, or a parameter is not finite.</exception>
    public static Graph Trace(nn.Module<Tensor, Tensor> module, Tensor example, string? name = null)
        => new Tracing.Tracer(module, [example], name ?? NameOf(module)).Run();

    /// <summary>The same for a TorchScript file: <c>Graph.Trace(torch.jit.load&lt;Tensor, Tensor&gt;("net.pt"), example)</c>.</summary>
    /// <param name="module">What was loaded, scripted or traced by PyTorch.</param>
    /// <param name="example">A batch (samples, …) such as it will be given.</param>
    /// <param name="name">The model's name; default <c>script</c>.</param>
    /// <exception cref="GraphException">As above. Where something in the data decides what runs, the whole script is one opaque node: its parts cannot be told apart.</exception>
    public static Graph Trace(jit.ScriptModule<Tensor, Tensor> module, Tensor example, string? name = null)
        => new Tracing.Tracer(module, [example], name ?? "script").Run();

    /// <summary>The same for a module of several inputs or outputs: a tuple's tensors become the graph's outputs in order.</summary>
    /// <param name="module">Takes one to four tensors and gives one to three.</param>
    /// <param name="examples">A batch for each of its inputs, the samples first.</param>
    /// <param name="name">The model's name; default the module's.</param>
    /// <exception cref="GraphException">As above; or it gives several tensors and something in the data decides what runs outside of all its parts that give one.</exception>
    public static Graph Trace(nn.Module module, IReadOnlyList<Tensor> examples, string? name = null)
        => new Tracing.Tracer(module, examples, name ?? NameOf(module)).Run();

    /// <summary>Where a trace could not see into a module, and why; empty when every operator is a node.</summary>
    public IReadOnlyList<TraceNote> Notes { get; internal init; } = [];
    /// <summary>Modules whose code keeps something outside of buffers from one run to the next, and what.</summary>
    internal IReadOnlyList<TraceNote> States { get; init; } = [];
    /// <summary>Buffers that an evaluation moves, by name.</summary>
    internal IReadOnlyList<string> MovesInEvaluation { get; init; } = [];
    /// <summary>It was made of a module of TorchSharp's, whose layers set their own weights.</summary>
    internal bool IsTraced { get; init; }

    private static string NameOf(nn.Module? module) => module switch
    {
        null => "module",
        jit.ScriptModule => "script", // it has no name to ask for
        TorchSharp.Modules.Sequential => "sequential",
        _ => module.GetName(),
    };

    /// <summary>Those of the module that it was made of; null where it was made of none.</summary>
    internal ModuleHooks? Hooks { get; set; }

    /// <summary>What the forward of the module that it was made of calls its inputs; empty where it was made of none.</summary>
    internal IReadOnlyList<string> ArgumentNames { get; set; } = [];

    /// <summary>The model's name.</summary>
    public string Name { get; }
    /// <summary>What the batch brings, in its order.</summary>
    public IReadOnlyList<Value> Inputs { get; }
    /// <summary>The results, in the order in which they were given to <see cref="GraphBuilder.Build"/>.</summary>
    public IReadOnlyList<Value> Outputs { get; }
    /// <summary>The first input.</summary>
    public Value Input => Inputs[0];
    /// <summary>The first output.</summary>
    public Value Output => Outputs[0];
    /// <summary>
    /// Whether backward also makes the gradients of the inputs, for a loop that hands them on (the generator before a discriminator).
    /// Default false. Read when an executor or a plan is made.
    /// </summary>
    public bool InputGradients
    {
        get => inputGradients;
        set
        {
            inputGradients = value;
            FindGradients();
        }
    }
    /// <summary>
    /// The element type of products and of what lies between them; default fp32 throughout. Inputs, outputs and parameters keep their types.
    /// Read when an executor or a plan is made; <c>forward</c> follows at once.
    /// </summary>
    /// <exception cref="UsageException">Another precision than fp32 for a net with a parameter that is not fp32.</exception>
    public Precision Precision
    {
        get => precision;
        set
        {
            if (value.IsMixed && Nodes.SelectMany(n => n.Op.Parameters.Select(p => (n.Name, p.dtype))).FirstOrDefault(p => p.dtype != ScalarType.Float32) is { Name: { } node, dtype: var type })
                throw new UsageException($"precision {value} keeps fp32 parameters beside it: {node} of {Name} has {type} ones");
            (precision, mixed) = (value, null);
        }
    }
    /// <summary>
    /// In which order pictures lie in memory between the input and the outputs; default contiguous. Read when an
    /// executor or a plan is made; <c>forward</c> follows at once.
    /// </summary>
    public MemoryFormat MemoryFormat
    {
        get => format;
        set => (format, mixed) = (value, null);
    }
    /// <summary>All nodes; every node reads only earlier ones.</summary>
    public IReadOnlyList<Node> Nodes { get; }
    /// <summary>All values by id: the first input, then each node's output.</summary>
    public IEnumerable<Value> Values => Nodes.Select(n => n.Output).Prepend(Input);
    /// <summary>Number of trainable and frozen parameter elements, tied ones once.</summary>
    public long ParameterCount => parameters().DistinctBy(p => p.Identity()).Sum(p => p.numel());

    /// <summary>
    /// Runs the whole graph under TorchSharp's autograd. Every intermediate's managed handle is disposed right after its
    /// last use, so only what autograd itself saved stays alive.
    /// </summary>
    /// <param name="input">(batch, …) of <see cref="Input"/>'s shape and type.</param>
    /// <returns>The first output.</returns>
    public override Tensor forward(Tensor input)
    {
        var outputs = Forward([input]);
        for (var i = 1; i < outputs.Count; i++) outputs[i].Dispose();
        return outputs[0];
    }

    /// <summary>The same for several inputs and outputs.</summary>
    /// <param name="inputs">A tensor for each of <see cref="Inputs"/>; they stay the caller's.</param>
    /// <returns>A tensor for each of <see cref="Outputs"/>; the caller disposes them.</returns>
    /// <exception cref="GraphException">Another number of inputs.</exception>
    public IReadOnlyList<Tensor> Forward(IReadOnlyList<Tensor> inputs) => (mixed ??= LaidGraph.Of(MixedGraph.Of(this), format)).Run(inputs, op => new RunMode(op.IsTraining(training)));

    /// <summary>Runs all nodes in order; autograd and modes are the caller's business.</summary>
    internal IReadOnlyList<Tensor> Run(IReadOnlyList<Tensor> inputs, Func<Op, RunMode> mode)
    {
        if (inputs.Count != Inputs.Count) throw new GraphException($"{Name} takes {Inputs.Count} inputs ({string.Join(", ", Inputs.Select(v => v.Name))}), got {inputs.Count}");
        var values = new Tensor?[Nodes.Count + 1];
        for (var i = 0; i < inputs.Count; i++) values[Inputs[i].Id] = inputs[i];
        foreach (var node in Nodes)
        {
            if (node.Output.IsInput) continue;
            values[node.Output.Id] = node.Op.Forward([.. node.Inputs.Select(v => values[v.Id]!)], mode(node.Op));
            foreach (var value in node.Inputs.Distinct())
                if (!value.IsInput && !value.IsOutput && value.Consumers[^1] == node)
                {
                    values[value.Id]!.Dispose();
                    values[value.Id] = null;
                }
        }
        return [.. Outputs.Select(o => o.IsInput ? values[o.Id]!.alias() : values[o.Id]!)];
    }

    /// <summary>Finds anew which values need gradients, from the parameters' <c>requires_grad</c>.</summary>
    internal void FindGradients()
    {
        foreach (var value in Values) value.FindGradient(inputGradients);
    }
}
