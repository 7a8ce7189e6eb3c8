using Interactive.Graphs.Ops;

namespace Interactive.Graphs;

/// <summary>The fluent layer vocabulary: each method adds one node to the graph of its first value.</summary>
public static class Layers
{
    /// <summary>2-d convolution with a square kernel.</summary>
    public static Value Conv(this Value x, long channels, long kernel, long stride = 1, long padding = 0, bool bias = true, string? name = null)
        => x.Builder.Add(new Conv2d(x.Shape[0], channels, kernel, stride, padding, bias), name, x);

    /// <summary>Rectified linear unit.</summary>
    public static Value Relu(this Value x, string? name = null) => x.Builder.Add(new Relu(), name, x);
}
