using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// A graph made of another one's nodes and new ones. It shares the layers that it keeps, under their names, modes and
/// all: the given graph gives them up and is not used further.
/// </summary>
internal sealed class GraphCut
{
    private readonly Graph from;
    private readonly GraphBuilder builder;
    private readonly Value?[] values;
    private readonly HashSet<Op> kept = new(ReferenceEqualityComparer.Instance);

    private sealed record Place(string Path, nn.Module Module, HashSet<nint> Parameters);

    /// <summary>Begins with the inputs of a graph.</summary>
    public GraphCut(Graph from)
    {
        this.from = from;
        builder = new GraphBuilder(from.Name, from.Input.Shape, from.Input.Type);
        values = new Value?[from.Nodes.Count + 1];
        values[0] = builder.Input;
    }

    /// <summary>
    /// What stands for a value of the given graph here; its node and all before it are taken over when they are first
    /// asked for.
    /// </summary>
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
        kept.Add(node.Op);
        return Put(node, builder.Add(node.Op, node.Name, [.. node.Inputs.Select(v => values[v.Id]!)]));
    }

    /// <summary>Lets a value stand for a node's result.</summary>
    public Value Put(Node node, Value value) => values[node.Output.Id] = value;

    /// <summary>The finished graph.</summary>
    public Graph Build(IReadOnlyList<Value> outputs)
    {
        var graph = builder.BuildCut(outputs, from);
        var places = Places();
        var covered = new HashSet<string>();
        foreach (var node in graph.Nodes)
            if (!kept.Contains(node.Op)) RegisterNew(graph, node);
            else
                foreach (var place in PlacesOf(node.Op, places))
                    if (covered.Add(place.Path) && !Above(place.Path).Any(covered.Contains))
                        ModuleTree.Register(graph, place.Path, place.Module);
        var used = graph.Nodes.SelectMany(n => n.Op.Parameters).Select(p => p.Identity()).ToHashSet();
        foreach (var (name, parameter) in from.named_parameters(false))
            if (used.Contains(parameter.Identity())) graph.register_parameter(name, parameter);
        foreach (var (name, buffer) in from.named_buffers(false)) graph.register_buffer(name, buffer);
        return graph;
    }

    private static void RegisterNew(Graph graph, Node node)
    {
        if (node.Op.Module is { } module) ModuleTree.Register(graph, node.Name, module);
    }

    // Where the given graph has what holds something itself: a traced net's ops have its parameters, but not its
    // modules.
    private List<Place> Places()
        => [.. from.named_modules().Where(m => m.name.Length > 0)
            .Select(
            m => new Place(m.name, m.module, [.. m.module.named_parameters(false).Select(p => p.parameter.Identity())]))
            .Where(p => p.Parameters.Count > 0 || p.Module.named_buffers(false).Any())];

    private static IEnumerable<Place> PlacesOf(Op op, List<Place> places)
    {
        var own = op.Parameters.Select(p => p.Identity()).ToHashSet();
        return places.Where(p => ReferenceEquals(p.Module, op.Module) || p.Parameters.Overlaps(own)
            || own.Count == 0 && op.Module is { } module && module.modules().Contains(p.Module));
    }

    private static IEnumerable<string> Above(string path)
    {
        for (var dot = path.LastIndexOf('.'); dot > 0; dot = path.LastIndexOf('.', dot - 1)) yield return path[..dot];
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
