using Interactive.Graphs.Ops;

namespace Interactive.Graphs;

/// <summary>
/// Writes a memory format into a graph: nodes that lay a value anew stand where it is read in another format than it
/// has. Outputs are contiguous.
/// </summary>
internal static class LaidGraph
{
    /// <summary>
    /// The graph in a format, or itself where that is contiguous. The given graph stays as it is and keeps owning the
    /// modules.
    /// </summary>
    public static Graph Of(Graph graph, MemoryFormat format)
        => format == MemoryFormat.Contiguous ? graph
        : GraphConversion.Make(graph, Wanted, (value, wanted) => value.Format == wanted,
            (_, wanted) => new Lay(wanted), _ => MemoryFormat.Contiguous);

    private static MemoryFormat Wanted(Op op, IReadOnlyList<Value> inputs) => MemoryFormatRules.Of(op) switch
    {
        _ when !inputs.All(v => MemoryFormatRules.IsPicture(v.Shape)) => MemoryFormat.Contiguous,
        MemoryFormatRule.Lead => MemoryFormat.ChannelsLast,
        MemoryFormatRule.Follow when inputs.All(v => v.Format == MemoryFormat.ChannelsLast)
            => MemoryFormat.ChannelsLast,
        _ => MemoryFormat.Contiguous,
    };
}
