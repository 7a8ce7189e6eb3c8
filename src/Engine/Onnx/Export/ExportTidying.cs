namespace Interactive.Onnx;

/// <summary>
/// Leaves out what a file does not need: values that nobody reads, and names that only repeat another.
/// </summary>
internal static class ExportTidying
{
    public static void Tidy(OnnxGraph graph)
    {
        var same = new Dictionary<string, string>();
        var outputs = graph.Outputs.Select(o => o.Name).ToHashSet();
        foreach (var node in graph.Nodes)
        {
            for (var i = 0; i < node.Inputs.Count; i++)
                if (same.TryGetValue(node.Inputs[i], out var first)) node.Inputs[i] = first;
            if (node is { Operator: "Identity", Stays: false } && !outputs.Contains(node.Outputs[0]))
                same[node.Outputs[0]] = node.Inputs[0];
        }
        Drop(graph);
        foreach (var last in graph.Nodes
            .Where(n => n is { Operator: "Identity", Stays: false } && outputs.Contains(n.Outputs[0])).ToArray())
            if (graph.Nodes.FirstOrDefault(n => n.Outputs.Contains(last.Inputs[0])) is { } maker
                && !outputs.Contains(last.Inputs[0]))
            {
                var (from, to) = (last.Inputs[0], last.Outputs[0]);
                maker.Outputs[maker.Outputs.IndexOf(from)] = to;
                graph.Nodes.Remove(last);
                foreach (var node in graph.Nodes)
                    for (var i = 0; i < node.Inputs.Count; i++)
                        if (node.Inputs[i] == from) node.Inputs[i] = to;
            }
        var read = graph.Nodes.SelectMany(n => n.Inputs).ToHashSet();
        foreach (var name in graph.Weights.Keys.Where(k => !read.Contains(k)).ToArray()) graph.Weights.Remove(name);
    }

    private static void Drop(OnnxGraph graph)
    {
        var read = graph.Outputs.Select(o => o.Name).ToHashSet();
        for (var i = graph.Nodes.Count - 1; i >= 0; i--)
            if (graph.Nodes[i].Outputs.Any(read.Contains)) read.UnionWith(graph.Nodes[i].Inputs);
            else graph.Nodes.RemoveAt(i);
    }
}
