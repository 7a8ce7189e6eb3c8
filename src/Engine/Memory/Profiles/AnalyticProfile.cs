using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>
/// A profile from shapes alone, without running a kernel: for models that do not fit the machine. Bytes follow from what
/// each op declares; seconds from operation counts over two rates, of which only the ratios matter to a planner.
/// </summary>
public static class AnalyticProfile
{
    /// <summary>Arithmetic of convolutions and matrix products, as measured on two AVX-512 cores.</summary>
    private const double FlopsPerSecond = 1.2e11;
    /// <summary>Bytes that an element-wise pass moves.</summary>
    private const double BytesPerSecond = 1.2e10;
    private const double StepSeconds = 5e-6;

    /// <summary>Makes the profile of a (fused) graph.</summary>
    public static Profile Of(Graph graph, long batch) => new()
    {
        Source = "analytic",
        Batch = batch,
        Nodes = [.. graph.Nodes.Select(n => Of(n, batch))],
        Loss = 4 * graph.Output.Bytes(batch) / BytesPerSecond + 20 * StepSeconds,
        LossOverwrites = PlanningGraph.LossMayOverwrite(graph),
        // A piece of the gradient; else log-probabilities and their gradient beside the gradient of the output, which has gone itself by then unless backward reads it.
        LossWorkspace = PlanningGraph.LossMayOverwrite(graph) ? Math.Min(PlanningGraph.LossPieceBytes, graph.Output.Bytes(batch)) : (PlanningGraph.EndsWithLoss(graph) ? 1 : 2) * graph.Output.Bytes(batch),
    };

    private static NodeProfile Of(Node node, long batch)
    {
        var (output, input) = (node.Output.Bytes(batch), node.Inputs.Sum(v => v.Bytes(batch)));
        var parameters = node.Op.Parameters.Where(p => p.requires_grad).Sum(p => p.numel() * p.element_size());
        var saved = node.Op.Saves(node);
        var heavy = !node.Op.IsCheap;
        var arithmetic = node.Op.Flops(node) * batch / (heavy ? FlopsPerSecond : 4 * FlopsPerSecond);
        var moved = (input + output) / BytesPerSecond;
        var isList = node.Op.IsView || ConcatPieces.StayApart(node);
        var lays = ConcatPieces.AreRead(node) ? input : 0; // together for backward
        var forward = StepSeconds + (heavy ? Math.Max(arithmetic, moved) : node.Op is IReapplied ? 2 * moved : moved + arithmetic);
        return new NodeProfile
        {
            Name = node.Name,
            OutputBytes = output,
            ExtraBytes = saved.Extra(batch),
            Forward = isList ? StepSeconds : forward,
            Recompute = isList ? StepSeconds : node.Op is IReapplied ? StepSeconds + moved : forward,
            Backward = node.Op.IsView ? StepSeconds : heavy ? 2 * forward : 1.5 * forward + 2 * lays / BytesPerSecond,
            RecomputeWorkspace = saved.Extra(batch),
            // A parameter's gradient is made whole before it is added to what was accumulated.
            BackwardWorkspace = parameters + lays,
        };
    }
}
