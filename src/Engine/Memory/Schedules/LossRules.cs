using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>
/// What becomes of a graph's outputs when the loss has been computed. One rule for the executor and for the simulator.
/// </summary>
internal static class LossRules
{
    /// <summary>Bytes of the gradient that a loss makes aside before it writes them over the output.</summary>
    public const long PieceBytes = 1 << 20;

    /// <summary>The node after whose first run all outputs are there, and the loss is computed.</summary>
    public static int LastNode(Graph graph) => graph.Nodes.Count - 1;

    /// <summary>
    /// True when no backward reads an output: it can go as soon as a loss that keeps something else has been computed.
    /// </summary>
    public static bool LetsGo(Value output, bool lossReadsOutput)
        => !lossReadsOutput && output is { Producer: { } last, Consumers.Count: 0, IsFixed: false }
        && !last.Op.Rectifies && !last.Op.Saves(last).Output;

    /// <summary>True when a loss that can may write its gradient over the output of a graph.</summary>
    public static bool MayOverwrite(Graph graph, LossTraits loss)
        => loss.Overwrites && graph.Outputs is [{ NeedsGradient: true, Producer.Op.IsView: false } output]
        && LetsGo(output, loss.ReadsOutput);
}
