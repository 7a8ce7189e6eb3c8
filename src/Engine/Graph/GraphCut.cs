using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// A graph made of another one's nodes and new ones. It shares the layers that it keeps, under their names, modes and all: the given
/// graph gives them up and is not used further.
/// </summary>
internal sealed class GraphCut
{
    private readonly Graph from;
    private readonly GraphBuilder builder;
    private readonly Value?[] values;
    private readonly HashSet<Node> kept = [];

    /// <summary>Begins with the inputs of a graph.</summary>
    public GraphCut(Graph from)
    {
        this.from = from;
        builder = new GraphBuilder(from.Name, from.Input.Shape, from.Input.Type);
        values = new Value?[from.Nodes.Count + 1];
        values[0] = builder.Input;
    }

    /// <summary>What stands for a value of the given graph here; its node and all before it are taken over when they are first asked for.</summary>
    public Value Of(Value value)
    {
        if (values[value.Id] is { } made) return made;
        foreach (var node in Leads(value).OrderBy(n => n.Id))
            if (values[node.Output.Id] is null) Keep(node);
        return values[value.Id]!;
    }

    /// <summary>Takes a node over as it is.</summary>
    public Value Keep(Node node)
    {
        kept.Add(node);
        return Put(node, builder.Add(node.Op, node.Name, [.. node.Inputs.Select(v => values[v.Id]!)]));
    }

    /// <summary>Lets a value stand for a node's result.</summary>
    public Value Put(Node node, Value value) => values[node.Output.Id] = value;

    /// <summary>The finished graph.</summary>
    public Graph Build(IReadOnlyList<Value> outputs)
    {
        var graph = builder.BuildCut(outputs, from);
        var used = kept.SelectMany(n => n.Op.Parameters).Select(p => p.Identity()).ToHashSet();
        var modules = kept.Select(n => n.Op.Module).OfType<nn.Module>().ToHashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        var covered = new List<string>();
        foreach (var (path, module) in from.named_modules().Where(m => m.name.Length > 0))
        {
            if (covered.Exists(c => path.StartsWith(c, StringComparison.Ordinal)) || !Holds(module, used, modules)) continue;
            ModuleTree.Register(graph, path, module);
            covered.Add(path + ".");
        }
        foreach (var (name, parameter) in from.named_parameters(false))
            if (used.Contains(parameter.Identity())) graph.register_parameter(name, parameter);
        foreach (var (name, buffer) in from.named_buffers(false)) graph.register_buffer(name, buffer);
        foreach (var node in graph.Nodes)
            if (node.Op.Module is { } module && !modules.Contains(module)) ModuleTree.Register(graph, node.Name, module);
        return graph;
    }

    private static bool Holds(nn.Module module, HashSet<nint> used, HashSet<nn.Module> modules)
    {
        if (modules.Contains(module)) return true;
        var own = module.named_parameters(false).ToList();
        return own.Count > 0 ? own.Exists(p => used.Contains(p.parameter.Identity())) : module.named_buffers(false).Any();
    }

    private static HashSet<Node> Leads(Value value)
    {
        var nodes = new HashSet<Node>();
        var open = new Stack<Value>([value]);
        while (open.TryPop(out var next))
            if (next.Producer is { } producer && nodes.Add(producer))
                foreach (var input in producer.Inputs) open.Push(input);
        return nodes;
    }
}
