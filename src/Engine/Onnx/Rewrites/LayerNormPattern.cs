namespace Interactive.Onnx;

/// <summary>(x - mean) / sqrt(variance + eps) · weight + bias over the last dimension.</summary>
internal static class LayerNormPattern
{
    public static bool Try(RewriteGraph graph, OnnxNode node)
    {
        if (node is not { Operator: "Div", Inputs: [var above, var root] } || Centred(graph, above) is not { } x)
            return false;
        if (graph.WithNumber(graph.Maker(graph.Maker(root, "Sqrt")?.Inputs[0] ?? "", "Add")) is not var (variance, eps))
            return false;
        if (graph.Maker(variance, "ReduceMean") is not { } mean || !IsLast(graph, mean)
            || !IsSquare(graph, mean.Inputs[0], x)) return false;
        if (graph.OnlyReader(node.Outputs[0], "Mul") is not { Inputs: [var a, var b] } scaled
            || (graph.Weight(a) is { Sizes.Count: 1 } ? a
            : graph.Weight(b) is { Sizes.Count: 1 } ? b : null) is not { } weight) return false;
        if (graph.OnlyReader(scaled.Outputs[0], "Add") is not { Inputs: [var c, var d] } shifted
            || (graph.Weight(c) is { Sizes.Count: 1 } ? c
            : graph.Weight(d) is { Sizes.Count: 1 } ? d : null) is not { } bias) return false;
        graph.Replace(shifted, "", "LayerNormalization", [x, weight, bias], ("epsilon", (float)eps), ("axis", -1L));
        return true;
    }

    private static bool IsLast(RewriteGraph graph, OnnxNode mean)
        => graph.Longs(mean, "axes", 1) is [-1]
        && (!mean.Attributes.TryGetValue("keepdims", out var keep) || keep.Long == 1);

    // x less its mean: x.
    private static string? Centred(RewriteGraph graph, string value)
        => graph.Maker(value, "Sub") is { Inputs: [var x, var mean] } && graph.Maker(mean, "ReduceMean") is { } over
        && over.Inputs[0] == x && IsLast(graph, over) ? x : null;

    private static bool IsSquare(RewriteGraph graph, string value, string x)
        => graph.Maker(value, "Pow") is { Inputs: [var of, var to] }
        ? graph.Number(to) == 2 && Centred(graph, Uncast(graph, of)) == x
            : graph.Maker(value, "Mul") is { Inputs: [var a, var b] } && a == b && Centred(graph, a) == x;

    private static string Uncast(RewriteGraph graph, string value) => graph.Maker(value, "Cast")?.Inputs[0] ?? value;
}
