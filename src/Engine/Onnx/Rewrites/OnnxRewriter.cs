namespace Interactive.Onnx;

/// <summary>Recognises what exporters spell out, so that it runs and trains as one operator.</summary>
internal static class OnnxRewriter
{
    private static readonly (string Name, Func<RewriteGraph, OnnxNode, bool> Try)[] Patterns =
    [
        ("layer norm", LayerNormPattern.Try),
        ("group norm", GroupNormPattern.Try),
        ("GELU", GeluPattern.Exact),
        ("GELU by tanh", GeluPattern.Tanh),
        ("SiLU", GeluPattern.Silu),
        ("attention", AttentionPattern.Try),
        ("linear", LinearPattern.Try),
    ];

    /// <summary>Rewrites a graph.</summary>
    /// <returns>How often each pattern was found.</returns>
    public static Dictionary<string, int> Rewrite(OnnxGraph graph)
    {
        HoldConstants(graph);
        var found = new Dictionary<string, int>();
        foreach (var (name, attempt) in Patterns)
        {
            var view = new RewriteGraph(graph);
            foreach (var node in view.Nodes)
                if (node.Domain.Length == 0 && !node.Name.EndsWith(OnnxNode.Apart, StringComparison.Ordinal) && attempt(view, node)) found[name] = found.GetValueOrDefault(name) + 1;
            if (found.ContainsKey(name)) DropUnread(graph);
        }
        DropUnread(graph);
        return found;
    }

    // A constant is a weight like any other.
    private static void HoldConstants(OnnxGraph graph)
    {
        foreach (var node in graph.Nodes.Where(n => n is { Operator: "Constant", Domain: "" }).ToArray())
            if (node.Attributes.GetValueOrDefault("value")?.Tensor is { } tensor
                && graph.Weights.TryAdd(node.Outputs[0], tensor)) graph.Nodes.Remove(node);
        // PyTorch writes weights that happen to be equal once; what trains is not tied by that.
        // Weights that are kept as halves are cast before they are used: they are widened here anyway.
        foreach (var node in graph.Nodes.Where(n => n is { Operator: "Identity", Domain: "" } || IsWidening(graph, n)).ToArray())
            if (graph.Weights.TryGetValue(node.Inputs[0], out var weight)
                && graph.Outputs.All(o => o.Name != node.Outputs[0]) && graph.Weights.TryAdd(node.Outputs[0], weight))
                graph.Nodes.Remove(node);
    }

    private static bool IsWidening(OnnxGraph graph, OnnxNode node)
        => node is { Operator: "Cast", Domain: "", Inputs: [var from, ..] } && node.Attributes.TryGetValue("to", out var to) && graph.Weights.TryGetValue(from, out var weight)
        && weight.IsFloat && OnnxTypes.IsFloat((int)to.Long) && OnnxTypes.ToTorch(weight.Type) == OnnxTypes.ToTorch((int)to.Long);

    private static void DropUnread(OnnxGraph graph)
    {
        var read = graph.Outputs.Select(o => o.Name).ToHashSet();
        var kept = new List<OnnxNode>();
        foreach (var node in graph.Nodes.AsEnumerable().Reverse())
            if (node.Outputs.Any(read.Contains))
            {
                kept.Add(node);
                read.UnionWith(node.Inputs);
            }
        kept.Reverse();
        graph.Nodes = kept;
    }
}
