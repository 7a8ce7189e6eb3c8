namespace Interactive.Onnx;

/// <summary>
/// Puts operators in an order in which each reads only what is there, and refuses a graph that has none.
/// </summary>
internal static class OnnxOrder
{
    /// <summary>Sorts the nodes in place; an order that holds already stays as it is.</summary>
    /// <exception cref="InvalidDataException">A value is made twice, by nobody, or of itself.</exception>
    public static void Sort(OnnxGraph graph)
    {
        if (graph.Outputs.Count == 0) throw new InvalidDataException("it has no outputs");
        var makers = new Dictionary<string, OnnxNode>();
        foreach (var node in graph.Nodes)
            foreach (var output in node.Outputs)
                if (output.Length > 0 && (!makers.TryAdd(output, node) || graph.Weights.ContainsKey(output)))
                    throw new InvalidDataException($"{output} is made twice");
        var known = new HashSet<string>([.. graph.Inputs.Select(i => i.Name), .. graph.Weights.Keys, ""]);
        var (sorted, open) = (new List<OnnxNode>(), new HashSet<OnnxNode>());
        var way = new Stack<OnnxNode>(); // not the call stack: a file may be deep
        foreach (var first in graph.Nodes)
        {
            way.Push(first);
            while (way.TryPeek(out var node))
            {
                if (known.Contains(node.Outputs.First(o => o.Length > 0)))
                {
                    way.Pop();
                    continue;
                }
                var missing = node.Inputs.Where(i => !known.Contains(i)).Distinct().ToArray();
                if (missing.Length == 0)
                {
                    sorted.Add(way.Pop());
                    known.UnionWith(node.Outputs);
                    continue;
                }
                if (!open.Add(node)) throw new InvalidDataException($"{node.Operator} ({node.Label}) reads what is made of its own result: the graph has a circle");
                foreach (var name in missing) way.Push(makers.TryGetValue(name, out var maker) ? maker : throw new InvalidDataException($"{node.Operator} ({node.Label}) reads {name}, which nothing makes"));
            }
        }
        if (graph.Outputs.FirstOrDefault(o => !known.Contains(o.Name)) is { } lost)
            throw new InvalidDataException($"its output {lost.Name} is made by nothing");
        graph.Nodes = sorted;
    }
}
