namespace Interactive.Onnx;

/// <summary>
/// A group norm as opsets without one spell it: an instance norm whose channels are the groups, then weight and bias of
/// each channel.
/// </summary>
internal static class GroupNormPattern
{
    public static bool Try(RewriteGraph graph, OnnxNode node)
    {
        if (node is not { Operator: "InstanceNormalization", Inputs: [var rows, var ones, var zeros] }) return false;
        if (graph.Maker(rows, "Reshape") is not { } grouped
            || graph.Longs(grouped, "shape", 1) is not [0, > 0 and var groups, -1]) return false;
        if (!graph.IsAll(ones, 1) || !graph.IsAll(zeros, 0)) return false;
        if (graph.OnlyReader(node.Outputs[0], "Reshape") is not { } restored) return false;
        if (graph.OnlyReader(restored.Outputs[0], "Mul") is not { } scaled || Vector(graph, scaled) is not { } weight)
            return false;
        if (graph.OnlyReader(scaled.Outputs[0], "Add") is not { } shifted || Vector(graph, shifted) is not { } bias)
            return false;
        var epsilon = node.Attributes.TryGetValue("epsilon", out var given) ? given.Float : 1e-5f;
        graph.Replace(shifted, Fused.Domain, "GroupNorm", [grouped.Inputs[0], weight, bias, restored.Inputs[1]],
            ("num_groups", groups), ("epsilon", epsilon));
        return true;
    }

    // A weight with a number for each channel, as it lies in the file: C, or C x 1 x 1.
    private static string? Vector(RewriteGraph graph, OnnxNode node)
    {
        foreach (var input in node.Inputs)
        {
            var name = graph.Maker(input, "Reshape") is { } reshaped
                && graph.Longs(reshaped, "shape", 1) is [_, .. var rest] && rest.Length > 0 && rest.All(r => r == 1)
                ? reshaped.Inputs[0] : input;
            if (graph.Weight(name) is { } weight
                && (name != input ? weight.Sizes.Count == 1
                : weight.Sizes.Count > 1 && weight.Sizes.Skip(1).All(s => s == 1))) return name;
        }
        return null;
    }
}
