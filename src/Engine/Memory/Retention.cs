namespace Interactive.Memory;

/// <summary>How long the bytes of a value, or the autograd graph of a node, are kept.</summary>
public enum Keep : byte
{
    /// <summary>From the first forward to the last use.</summary>
    Throughout,
    /// <summary>Dropped in the forward pass; once made again, kept to the last use.</summary>
    OnceRecomputed,
    /// <summary>Dropped in the forward pass and again after each node's backward that asks for it.</summary>
    Never,
}

/// <summary>
/// A point in the space of plans: for each value and each node's graph how long it is kept. Everything else follows:
/// the schedule makes what is missing on demand, recursively, and frees each thing after its last use.
/// </summary>
public sealed class Retention
{
    /// <summary>Keeps what backward reads and drops the rest.</summary>
    public Retention(PlanningGraph graph)
    {
        Values = new Keep[graph.ValueBytes.Length];
        Graphs = new Keep[graph.Nodes.Length];
        for (var v = 1; v < Values.Length; v++)
            if (!graph.IsSaved[v] && !graph.IsOutput[v] && !graph.Stays[v]) Values[v] = Keep.Never;
    }

    private Retention(Keep[] values, Keep[] graphs) => (Values, Graphs) = (values, graphs);

    /// <summary>By value id.</summary>
    public Keep[] Values { get; }
    /// <summary>By node id; counts only where an op's graph pins more than small statistics.</summary>
    public Keep[] Graphs { get; }

    /// <summary>A copy to change.</summary>
    public Retention Clone() => new([.. Values], [.. Graphs]);
}
