namespace Interactive.Onnx;

/// <summary>A product with a matrix of the file, and perhaps a vector added: a linear layer.</summary>
internal static class LinearPattern
{
    public static bool Try(RewriteGraph graph, OnnxNode node)
    {
        if (node is not { Operator: "MatMul", Inputs: [var x, var w] } || graph.Weight(x) is not null) return false;
        var turned = graph.Maker(w, "Transpose") is { } transpose && graph.Longs(transpose, "perm", 1) is null or [1, 0] ? transpose : null; // as libtorch has it
        if (turned is not null) w = turned.Inputs[0];
        if (graph.Weight(w) is not { Sizes: [var rows, var columns] }) return false;
        var outputs = turned is null ? columns : rows;
        var sum = graph.OnlyReader(node.Outputs[0], "Add");
        var bias = sum?.Inputs.FirstOrDefault(i => graph.Weight(i) is { Sizes: [var size] } && size == outputs);
        if (bias is null) graph.Replace(node, Fused.Domain, "Linear", [x, w], ("transB", turned is null ? 0L : 1L));
        else graph.Replace(sum!, Fused.Domain, "Linear", [x, w, bias], ("transB", turned is null ? 0L : 1L));
        return true;
    }
}
