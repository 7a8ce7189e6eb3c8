using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>
/// Which inputs of a join are handed their part of its gradient as it lies, without a copy. A part keeps the whole
/// alive, so only where it is taken soon. One rule for the executor and for the simulator.
/// </summary>
internal static class ConcatGradients
{
    private const int Soon = 24; // nodes later: a layer of a dense block, a block of an Inception net

    /// <summary>True when the part of this input is not copied.</summary>
    public static bool AreHandedOn(Node join, int input)
    {
        var value = join.Inputs[input];
        if (!value.NeedsGradient || value.Producer is not { } producer) return false;
        var taker = producer.Id; // whoever next adds to this gradient, or reads it
        foreach (var consumer in value.Consumers)
            if (consumer.Id < join.Id) taker = Math.Max(taker, consumer.Id);
        return join.Id - taker <= Soon;
    }
}
