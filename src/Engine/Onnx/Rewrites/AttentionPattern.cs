namespace Interactive.Onnx;

/// <summary>softmax(q kᵀ scale + mask) v.</summary>
internal static class AttentionPattern
{
    public static bool Try(RewriteGraph graph, OnnxNode node)
    {
        if (node is not { Operator: "MatMul", Inputs: [var weights, var v] }) return false;
        if (graph.Maker(weights, "Softmax") is not { } softmax || !softmax.Attributes.TryGetValue("axis", out var axis)
            || axis.Long is not (-1 or 3)) return false;
        var (scores, mask) = (softmax.Inputs[0], (string?)null);
        if (graph.Maker(scores, "Add") is { Inputs: [var a, var b] })
            (scores, mask) = Product(graph, a) is not null ? (a, b) : (b, a);
        if (Product(graph, scores) is not var (scale, product, divisor) || scale == 0) return false;
        graph.Replace(node, Fused.Domain, "Attention", [product.Inputs[0], product.Inputs[1], v, mask ?? "", divisor],
            ("scale", (float)scale), ("axis", axis.Long));
        return true;
    }

    // The divisor may be computed of a size.
    private static (double Scale, OnnxNode Product, string Divisor)? Product(RewriteGraph graph, string value)
    {
        var divisor = "";
        if (graph.Maker(value, "Div") is { Inputs: [var above, var by] } && graph.Number(by) is null
            && IsOfSizes(graph, by)) (value, divisor) = (above, by);
        return graph.Product(value) is { Number: var scale, Factors: [var only] }
            && graph.Maker(only, "MatMul") is { } product && graph.Weight(product.Inputs[1]) is null
            ? (scale, product, divisor) : null;
    }

    private static bool IsOfSizes(RewriteGraph graph, string value)
        => graph.Maker(value, "Shape") is not null
        || new[] { "Sqrt", "Cast", "Gather", "Pow", "Slice", "Squeeze", "Reshape" }.Any(
        name => graph.Maker(value, name) is { } maker && IsOfSizes(graph, maker.Inputs[0]));
}
