using Interactive.Graphs;
using Interactive.Runtime;

namespace Interactive.Memory;

/// <summary>Bytes that no plan can change.</summary>
public static class FixedBytes
{
    /// <summary>
    /// Parameters, their gradients, one optimiser state of their size (momentum), buffers and the batch.
    /// </summary>
    public static long Of(Graph graph, long batch)
    {
        var parameters = graph.parameters().DistinctBy(p => p.Identity()).Sum(p => p.numel() * p.element_size());
        return 3 * parameters + graph.buffers().Sum(b => b.numel() * b.element_size())
            + graph.Inputs.Sum(v => v.Bytes(batch));
    }
}
