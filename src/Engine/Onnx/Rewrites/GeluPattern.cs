namespace Interactive.Onnx;

/// <summary>Activations that are spelled out as products.</summary>
internal static class GeluPattern
{
    /// <summary>x / 2 (1 + erf(x / sqrt 2)).</summary>
    public static bool Exact(RewriteGraph graph, OnnxNode node)
    {
        if (Halves(graph, node, "Erf") is not var (x, inner)) return false;
        if (graph.Product(inner) is not { Number: var scale, Factors: [var argument] } || argument != x
            || Math.Abs(scale - Math.Sqrt(0.5)) > 1e-4) return false;
        graph.Replace(node, Fused.Domain, "Gelu", [x]);
        return true;
    }

    /// <summary>x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))).</summary>
    public static bool Tanh(RewriteGraph graph, OnnxNode node)
    {
        if (Halves(graph, node, "Tanh") is not var (x, inner)) return false;
        if (graph.Product(inner) is not { Number: var scale, Factors: [var sum] }
            || Math.Abs(scale - Math.Sqrt(2 / Math.PI)) > 1e-4) return false;
        if (graph.Maker(sum, "Add") is not { Inputs: [var a, var b] } || a != x && b != x) return false;
        var (share, factors) = graph.Product(a == x ? b : a);
        var cube = factors is [var power]
            ? graph.Maker(power, "Pow") is { Inputs: [var of, var to] } && of == x && graph.Number(to) == 3
            : factors.Count == 3 && factors.All(f => f == x);
        if (!cube || Math.Abs(share - 0.044715) > 1e-5) return false;
        graph.Replace(node, Fused.Domain, "Gelu", [x], ("tanh", 1L));
        return true;
    }

    /// <summary>x sigmoid(x).</summary>
    public static bool Silu(RewriteGraph graph, OnnxNode node)
    {
        if (node is not { Operator: "Mul", Inputs: [var a, var b] }) return false;
        var x = graph.Maker(b, "Sigmoid")?.Inputs[0] == a ? a : graph.Maker(a, "Sigmoid")?.Inputs[0] == b ? b : null;
        if (x is null) return false;
        graph.Replace(node, Fused.Domain, "Silu", [x]);
        return true;
    }

    // 0.5 x (1 + f(inner)): x and inner.
    private static (string X, string Inner)? Halves(RewriteGraph graph, OnnxNode node, string function)
    {
        if (node.Operator != "Mul"
            || graph.Product(node.Outputs[0]) is not { Number: var half, Factors: [var a, var b] }
            || Math.Abs(half - 0.5) > 1e-6) return null;
        foreach (var (x, sum) in new[] { (a, b), (b, a) })
            if (graph.WithNumber(graph.Maker(sum, "Add")) is (var made, 1) && graph.Maker(made, function) is { } f)
                return (x, f.Inputs[0]);
        return null;
    }
}
