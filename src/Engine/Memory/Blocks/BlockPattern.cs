namespace Interactive.Memory.Blocks;

/// <summary>What one way of running a block keeps, from its first node on.</summary>
/// <param name="Values">By node: its output.</param>
/// <param name="Graphs">By node: its autograd graph, where that is a choice.</param>
internal sealed record BlockPattern(Keep[] Values, Keep[] Graphs)
{
    /// <summary>Keeps nothing but what cannot be made again.</summary>
    public static BlockPattern Nothing(PlanningGraph graph, Block block)
    {
        var never = Enumerable.Repeat(Keep.Never, block.End - block.First).ToArray();
        return new([.. never.Select((keep, i) => graph.Stays[block.First + i + 1] ? Keep.Throughout : keep)], never);
    }

    /// <summary>Writes the pattern into a plan at a block.</summary>
    public void Put(Retention retention, Block block)
    {
        Values.CopyTo(retention.Values, block.First + 1);
        Graphs.CopyTo(retention.Graphs, block.First);
    }
}
