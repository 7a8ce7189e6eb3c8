using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>
/// Which joins are never laid together: as in a dense block, where each join holds the one before and batch norms alone
/// read them besides, channel by channel. Such a value is a list of its pieces, and a piece lives as long as any join
/// of which it is part. One rule for the executor and for the simulator.
/// </summary>
internal static class ConcatPieces
{
    /// <summary>True when a node's result stays in pieces.</summary>
    public static bool StayApart(Node node)
    {
        if (!node.Op.IsJoin || node.Output.Consumers.Count == 0 || node.Output.IsOutput
            || node.Output.Type != TorchSharp.torch.ScalarType.Float32) return false;
        var isPart = node.Inputs.Any(v => v.Producer is { Op.IsJoin: true }); // else nothing is held twice
        foreach (var consumer in node.Output.Consumers)
            if (consumer.Op.IsJoin) isPart = true;
            else if (consumer.Op is not IReapplied op || !op.ReadsPieces(consumer)) return false;
        return isPart;
    }

    /// <summary>
    /// True when a node reads such a value channel by channel; its backward lays it together for as long as it runs.
    /// </summary>
    public static bool AreRead(Node node)
        => node.Op is IReapplied && node.Inputs[0].Producer is { } producer && StayApart(producer);
}
