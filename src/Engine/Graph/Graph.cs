using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// A model as a list of nodes in topological order, one input and one output. It is also a TorchSharp module:
/// <c>parameters()</c>, <c>state_dict()</c>, <c>to()</c>, <c>train()</c> work, and <c>forward</c> is ordinary autograd.
/// Modules are registered under their node's dotted name.
/// </summary>
public sealed class Graph : nn.Module<Tensor, Tensor>
{
    internal Graph(string name, Value input, Value output, IReadOnlyList<Node> nodes, bool ownsModules) : base(name)
    {
        (Name, Input, Output, Nodes) = (name, input, output, [.. nodes]);
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
        => new Tracing.Tracer(module, [example], name ?? module.GetName()).Run();

    /// <summary>Where a trace could not see into a module, and why; empty when every operator is a node.</summary>
    public IReadOnlyList<TraceNote> Notes { get; internal init; } = [];

    /// <summary>The model's name.</summary>
    public string Name { get; }
    /// <summary>The input value.</summary>
    public Value Input { get; }
    /// <summary>The output value.</summary>
    public Value Output { get; }
    /// <summary>All nodes; every node reads only earlier ones.</summary>
    public IReadOnlyList<Node> Nodes { get; }
    /// <summary>All values by id: the input, then each node's output.</summary>
    public IEnumerable<Value> Values => Nodes.Select(n => n.Output).Prepend(Input);
    /// <summary>Number of trainable and frozen parameter elements, tied ones once.</summary>
    public long ParameterCount => parameters().DistinctBy(p => p.Identity()).Sum(p => p.numel());

    /// <summary>
    /// Runs the whole graph under TorchSharp's autograd. Every intermediate's managed handle is disposed right after its
    /// last use, so only what autograd itself saved stays alive.
    /// </summary>
    /// <param name="input">(batch, …) of <see cref="Input"/>'s shape and type.</param>
    public override Tensor forward(Tensor input)
    {
        var values = new Tensor?[Nodes.Count + 1];
        values[0] = input;
        var mode = new RunMode(training);
        foreach (var node in Nodes)
        {
            var inputs = node.Inputs.Select(v => values[v.Id]!).ToArray();
            values[node.Output.Id] = node.Op.Forward(inputs, mode);
            foreach (var value in node.Inputs.Distinct())
                if (value.Id != 0 && value != Output && value.Consumers[^1] == node)
                {
                    values[value.Id]!.Dispose();
                    values[value.Id] = null;
                }
        }
        return values[Output.Id]!;
    }
}
