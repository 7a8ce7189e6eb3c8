using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Memory;

/// <summary>
/// A profile from shapes alone, without running a kernel: for models that do not fit the machine. Bytes follow from
/// what each op declares; seconds from operation counts over two rates, of which only the ratios matter to a planner.
/// </summary>
public static class AnalyticProfile
{
    /// <summary>Arithmetic of convolutions and matrix products, as measured on two AVX-512 cores.</summary>
    private const double FlopsPerSecond = 1.2e11;
    /// <summary>Bytes that an element-wise pass moves.</summary>
    private const double BytesPerSecond = 1.2e10;
    private const double StepSeconds = 5e-6;

    /// <summary>Makes the profile of a (fused) graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="batch">Samples in a batch.</param>
    /// <param name="loss">What the loss does to the outputs; default: as softmax cross-entropy.</param>
    public static Profile Of(Graph graph, long batch, LossTraits? loss = null)
        => Of(graph, batch, loss, withKernels: false);

    /// <summary>
    /// The same with the most that each op's kernels may ask for (<see cref="Op.Workspace"/>): a plan for it holds on
    /// any processor.
    /// </summary>
    public static Profile Cautious(Graph graph, long batch, LossTraits? loss = null)
        => Of(graph, batch, loss, withKernels: true);

    /// <summary>
    /// The same for a graph whose layers run directly, gradients of parameters before that of the input: no two of these are
    /// there at once.
    /// </summary>
    internal static Profile InTurn(Graph graph, long batch, LossTraits? loss = null)
        => Of(graph, batch, loss, withKernels: false, inTurn: true);

    private static Profile Of(Graph graph, long batch, LossTraits? loss, bool withKernels, bool inTurn = false)
    {
        graph.FindGradients();
        var traits = loss
            ?? new LossTraits(ReadsOutput: false,
            Overwrites: graph.Output is { Type: ScalarType.Float32, Shape.Rank: 1 or 2 });
        var bytes = graph.Outputs.Sum(o => o.Bytes(batch));
        var overwrites = LossRules.MayOverwrite(graph, traits);
        return new()
        {
            Source = "analytic",
            Batch = batch,
            Nodes = [.. graph.Nodes.Select(n => Of(n, batch, withKernels, inTurn))],
            Loss = 4 * bytes / BytesPerSecond + 20 * StepSeconds,
            LossReadsOutput = traits.ReadsOutput,
            LossOverwrites = overwrites,
            // A piece of the gradient; else log-probabilities and their gradient beside the gradient of the output,
            // which has gone itself by then unless backward reads it.
            LossWorkspace = traits.RowBytes > 0 ? traits.RowBytes * bytes / (graph.Output.Shape[^1] * graph.Output.Type.ElementSize())
                : overwrites ? Math.Min(LossRules.PieceBytes, bytes)
                : graph.Outputs.Sum(o => (LossRules.LetsGo(o, traits.ReadsOutput) ? 1 : 2) * o.Bytes(batch))
                    + traits.Tables * bytes,
        };
    }

    private static NodeProfile Of(Node node, long batch, bool withKernels, bool inTurn)
    {
        var kernels = (withKernels || node.Op.RunsOnce) && !node.Output.IsFixed ? node.Op.Workspace(node, batch) : default;
        var (output, input) = (node.Output.Bytes(batch), node.Inputs.Sum(v => v.Bytes(batch)));
        var gradients = node.Op.Parameters.Where(p => p.requires_grad).Select(p => p.numel() * p.element_size());
        var parameters = inTurn && node.Op.GradientsInTurn
            ? Math.Max(0, gradients.DefaultIfEmpty(0).Max() - node.Inputs.Where(v => v.NeedsGradient).Sum(v => v.Bytes(batch)))
            : gradients.Sum();
        var saved = node.Op.Saves(node);
        var heavy = !node.Op.IsCheap;
        var arithmetic = node.Op.Flops(node) * node.Output.Rows(batch) / (heavy ? FlopsPerSecond : 4 * FlopsPerSecond);
        var moved = (input + output) / BytesPerSecond;
        var isList = node.Op.IsView || node.Output.IsFixed || ConcatPieces.StayApart(node);
        var lays = ConcatPieces.AreRead(node) ? input : 0; // together for backward
        var forward = StepSeconds
            + (heavy ? Math.Max(arithmetic, moved) : node.Op is IReapplied ? 2 * moved : moved + arithmetic);
        return new NodeProfile
        {
            Name = node.Name,
            OutputBytes = output,
            ExtraBytes = saved.Extra(node.Output.Rows(batch)),
            Forward = isList ? StepSeconds : forward,
            Recompute = isList ? StepSeconds : node.Op is IReapplied ? StepSeconds + moved : forward,
            Backward = node.Op.IsView ? StepSeconds : heavy ? 2 * forward : 1.5 * forward + 2 * lays / BytesPerSecond,
            ForwardWorkspace = kernels.Forward,
            RecomputeWorkspace = saved.Extra(node.Output.Rows(batch)) + kernels.Forward,
            // A parameter's gradient is made whole before it is added to what was accumulated.
            BackwardWorkspace = parameters + lays + kernels.Backward,
        };
    }
}
