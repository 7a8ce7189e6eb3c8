using Interactive.Graphs.Ops;

namespace Interactive.Graphs;

/// <summary>
/// Makes a net of another one's layers: its beginning, more layers after it, another head. The layers are the given
/// graph's, with their weights and names; go on with the graph that is returned, and forget the given one.
/// </summary>
public static class GraphParts
{
    private const string Head = "head";

    /// <summary>The net up to a node, whose result becomes the output.</summary>
    /// <param name="graph">The net.</param>
    /// <param name="node">The node's name, as <see cref="GraphSummary"/> prints it.</param>
    /// <exception cref="GraphException">It has no such node; the message names some like it.</exception>
    public static Graph UpTo(this Graph graph, string node)
    {
        var last = graph.Nodes.FirstOrDefault(n => n.Name == node)
            ?? throw new GraphException($"{graph.Name} has no node '{node}': {Like(graph, node)}");
        var cut = new GraphCut(graph);
        return cut.Build([cut.Of(last.Output)]);
    }

    /// <summary>
    /// More layers after the first output: <c>net.Then(x => x.Dropout(0.2).Linear(10, name: "head"))</c>.
    /// </summary>
    /// <param name="graph">The net.</param>
    /// <param name="layers">Adds them and gives the new output.</param>
    /// <exception cref="GraphException">The layers do not fit the output.</exception>
    public static Graph Then(this Graph graph, Func<Value, Value> layers)
    {
        var cut = new GraphCut(graph);
        var outputs = graph.Outputs.Select(cut.Of).ToArray();
        outputs[0] = layers(outputs[0]);
        return cut.Build(outputs);
    }

    /// <summary>
    /// The net with a new, untrained last layer, for other classes: in place of the linear layer at its end and under
    /// its name, or, where it ends in features, after them under the name <c>head</c>.
    /// </summary>
    /// <param name="graph">The net.</param>
    /// <param name="classes">Outputs of the new layer.</param>
    /// <exception cref="GraphException">Its output is no list of numbers, or less than one class is asked
    /// for.</exception>
    public static Graph WithHead(this Graph graph, long classes)
    {
        if (classes < 1) throw new GraphException($"a head needs at least one class, got {classes}");
        if (HeadOf(graph) is not { } head)
            return graph.Output.Shape.Rank == 1 ? graph.Then(x => x.Linear(classes, name: Head))
                : throw new GraphException($"{graph.Name} ends in {graph.Output.Shape}: cut it where it has features (UpTo) and add layers (Then)");
        var cut = new GraphCut(graph);
        var last = graph.Output.Producer!;
        cut.Put(head, cut.Of(head.Inputs[0]).Linear(classes, name: head.Name));
        foreach (var node in graph.Nodes.Where(n => n.Id > head.Id && n.Id <= last.Id)) cut.Keep(node);
        return cut.Build([cut.Of(graph.Output), .. graph.Outputs.Skip(1).Select(cut.Of)]);
    }

    /// <summary>The linear layer that all of the output comes from and nothing with weights follows, or null.</summary>
    internal static Node? HeadOf(Graph graph)
    {
        var node = graph.Output.Producer;
        while (node is { Op: not Linear, Inputs: [{ Producer: { } before, Consumers.Count: 1 }] }
            && !node.Op.Parameters.Any()) node = before;
        return node is { Op: Linear } ? node : null;
    }

    private static string Like(Graph graph, string node)
    {
        var start = node.Split('.')[0];
        var some = graph.Nodes.Select(n => n.Name).Where(n => n.StartsWith(start, StringComparison.Ordinal)).ToList();
        if (some.Count == 0) some = [.. graph.Nodes.Select(n => n.Name).Reverse()];
        return $"it has {string.Join(", ", some.Take(5))}{(some.Count > 5 ? ", …" : "")}";
    }
}
