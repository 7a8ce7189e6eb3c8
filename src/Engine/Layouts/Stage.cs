using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;

namespace Interactive.Layouts;

/// <summary>
/// A range of nodes of a fused graph that one rank runs. It never becomes a graph of its own: nodes, values and
/// parameters keep their numbers and names. A value that is read further on travels from stage to stage, and its
/// gradient back likewise, so that gradients are added in autograd's order.
/// </summary>
/// <param name="First">Number of its first node.</param>
/// <param name="End">Number after its last node.</param>
/// <param name="Inputs">Values that come from the stage before.</param>
/// <param name="Outputs">Values that go to the stage after.</param>
public sealed record Stage(int First, int End, IReadOnlyList<Value> Inputs, IReadOnlyList<Value> Outputs)
{
    /// <summary>Cuts a graph.</summary>
    /// <param name="graph">A fused graph.</param>
    /// <param name="starts">First nodes of the stages from the second on, ascending.</param>
    public static IReadOnlyList<Stage> Cut(Graph graph, IReadOnlyList<int> starts)
    {
        int[] bounds = [0, .. starts, graph.Nodes.Count];
        return [.. Enumerable.Range(0, bounds.Length - 1).Select(i
            => new Stage(bounds[i], bounds[i + 1], Crossing(graph, bounds[i]), Crossing(graph, bounds[i + 1])))];
    }

    /// <summary>Values that are made before a place and read at or behind it, by the loss too.</summary>
    internal static IReadOnlyList<Value> Crossing(Graph graph, int place)
        => place <= 0 || place >= graph.Nodes.Count ? []
        : [.. graph.Nodes.Take(place).Select(n => n.Output)
        .Where(v => !v.IsFixed && (v.IsOutput || v.Consumers.Any(c => c.Id >= place)))];

    /// <summary>Places where a graph can be cut: every value that crosses one can be sent as it is.</summary>
    internal static IEnumerable<int> Places(Graph graph)
        => Enumerable.Range(1, Math.Max(0, graph.Nodes.Count - 1))
        .Where(place => Crossing(graph, place) is { Count: > 0 } values
            && values.All(v => !v.Producer!.Op.IsView && !ConcatPieces.StayApart(v.Producer))
            && graph.Nodes.Take(place).Any(n => n.Output.NeedsGradient));

    /// <summary>Places between two nodes that have the same buffer, which a step moves: on two ranks one would read what has not been moved.</summary>
    internal static IReadOnlySet<int> Tears(Graph graph)
    {
        var moved = graph.Nodes.SelectMany(n => n.Op.Moved).Select(t => t.Identity()).ToHashSet();
        return graph.Nodes.SelectMany(n => n.Op.Buffers.Concat(n.Op.Moved).Select(t => t.Identity()).Distinct().Where(moved.Contains).Select(t => (Buffer: t, n.Id)))
            .GroupBy(use => use.Buffer, use => use.Id).SelectMany(uses => Enumerable.Range(uses.Min() + 1, uses.Max() - uses.Min())).ToHashSet();
    }

    /// <summary>The first nodes of stages that were named by layers.</summary>
    /// <exception cref="UsageException">A name is of no layer, the names do not follow the net's order, or the net
    /// cannot be cut there.</exception>
    internal static IReadOnlyList<int> Starts(Graph graph, IReadOnlyList<string> names)
    {
        var places = Places(graph).ToHashSet();
        var starts = new List<int>();
        foreach (var name in names)
        {
            var node = graph.Nodes
                .FirstOrDefault(n => n.Name == name || n.Name.StartsWith(name + ".", StringComparison.Ordinal))
                ?? throw new UsageException($"--stages {name}: {graph.Name} has no such layer; it has {string.Join(", ", places.Order().Select(p => graph.Nodes[p].Name).Take(6))}{(places.Count > 6 ? ", …" : "")}");
            if (!places.Contains(node.Id))
                throw new UsageException($"--stages {name}: {graph.Name} cannot be cut there{(places.Count == 0 ? ", nor anywhere else" : $"; the nearest layer is {graph.Nodes[places.MinBy(p => Math.Abs(p - node.Id))].Name}")}");
            if (starts.Count > 0 && node.Id <= starts[^1]) throw new UsageException($"--stages {string.Join(",", names)}: {name} does not come after the stage before it");
            starts.Add(node.Id);
        }
        return starts;
    }
}
