namespace Interactive.Memory.Blocks;

/// <summary>What one way of running a block keeps, from its first node on.</summary>
/// <param name="Values">By node: its output.</param>
/// <param name="Graphs">By node: its autograd graph, where that is a choice.</param>
internal sealed record BlockPattern(Keep[] Values, Keep[] Graphs)
{
    /// <summary>Writes the pattern into a plan at a block.</summary>
    public void Put(Retention retention, Block block)
    {
        Values.CopyTo(retention.Values, block.First + 1);
        Graphs.CopyTo(retention.Graphs, block.First);
    }
}
