namespace Interactive.Onnx;

/// <summary>A product with a matrix of the file, and perhaps a vector added: a linear layer.</summary>
internal static class LinearPattern
{
    public static bool Try(RewriteGraph graph, OnnxNode node)
    {
        if (node.Operator == "Gemm") return Turned(graph, node);
        if (node is not { Operator: "MatMul", Inputs: [var x, var w] } || graph.Weight(x) is not null) return false;
        // as libtorch has it
        var turned = graph.Maker(w, "Transpose") is { } transpose && graph.Longs(transpose, "perm", 1) is null or [1, 0]
            ? transpose : null;
        if (turned is not null) w = turned.Inputs[0];
        if (graph.Weight(w) is not { Sizes: [var rows, var columns] }) return false;
        var outputs = turned is null ? columns : rows;
        var sum = graph.OnlyReader(node.Outputs[0], "Add");
        var bias = sum?.Inputs.FirstOrDefault(i => graph.Weight(i) is { Sizes: [var size] } && size == outputs);
        if (bias is null) graph.Replace(node, Fused.Domain, "Linear", [x, w], ("transB", turned is null ? 0L : 1L));
        else graph.Replace(sum!, Fused.Domain, "Linear", [x, w, bias], ("transB", turned is null ? 0L : 1L));
        return true;
    }

    // A Gemm of a weight that is turned first.
    private static bool Turned(RewriteGraph graph, OnnxNode node)
    {
        if (node.Attributes.Keys.Any(k => k != "transB")
            || graph.Maker(node.Inputs[1], "Transpose") is not { } transpose) return false;
        if (graph.Longs(transpose, "perm", 1) is not (null or [1, 0])
            || graph.Weight(transpose.Inputs[0]) is not { Sizes.Count: 2 }) return false;
        var turned = node.Attributes.TryGetValue("transB", out var given) && given.Long == 1;
        graph.Replace(node, "", "Gemm", [node.Inputs[0], transpose.Inputs[0], .. node.Inputs.Skip(2)],
            ("transB", turned ? 0L : 1L));
        return true;
    }
}
