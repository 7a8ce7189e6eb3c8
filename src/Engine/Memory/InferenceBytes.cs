using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>Bytes that a pass without gradients takes, from shapes alone.</summary>
internal static class InferenceBytes
{
    /// <summary>
    /// Batches that are at hand while one is used: that one, two that have been read, and one that is being read.
    /// </summary>
    public const int Batches = 4;

    /// <summary>
    /// The most bytes of values alive at once and of kernels beside them, every value freed after its last use, and two
    /// more of the outputs for loss and metrics.
    /// </summary>
    public static long Peak(Graph graph, long batch)
    {
        var live = new HashSet<Value>();
        var (bytes, peak) = (0L, 0L);
        foreach (var node in graph.Nodes)
        {
            if (node.Output.IsFixed) continue;
            live.Add(node.Output);
            peak = Math.Max(peak, (bytes += node.Output.Bytes(batch)) + node.Op.Workspace(node, batch).Forward);
            foreach (var value in node.Inputs.Distinct())
                if (!value.IsOutput && value.Consumers[^1] == node && live.Remove(value)) bytes -= value.Bytes(batch);
        }
        return Math.Max(peak, bytes + 2 * graph.Outputs.Sum(o => o.Bytes(batch)));
    }

    /// <summary>
    /// The most samples whose pass, with the batches that are at hand meanwhile, stays within some bytes; 1 at least,
    /// <paramref name="most"/> at most.
    /// </summary>
    /// <param name="graph">The model, fused.</param>
    /// <param name="bytes">All there are.</param>
    /// <param name="most">What is asked for.</param>
    /// <param name="sample">Bytes of one sample of a batch, inputs and targets.</param>
    public static int LargestBatch(Graph graph, long bytes, int most, long sample)
    {
        var (fits, fails) = (1, most + 1);
        while (fails - fits > 1)
        {
            var middle = (fits + fails) / 2;
            if (Peak(graph, middle) + Batches * middle * sample <= bytes) fits = middle;
            else fails = middle;
        }
        return fits;
    }

    /// <summary>
    /// What measuring a profile takes at most: such a pass, and beside it for one node copies of the inputs, the
    /// gradients of inputs and output, and of the parameters.
    /// </summary>
    public static long OfProfile(Graph graph, long batch)
        => Peak(graph, batch) + graph.Nodes.Where(n => !n.Op.PassesGradientOn)
            .Max(n => 2 * n.Inputs.Sum(v => v.Bytes(batch)) + n.Output.Bytes(batch)
            + 6 * n.Op.Parameters.Sum(p => p.numel() * p.element_size()));
}
