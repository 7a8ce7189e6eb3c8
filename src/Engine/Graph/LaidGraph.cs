using Interactive.Graphs.Ops;

namespace Interactive.Graphs;

/// <summary>
/// Writes a memory format into a graph: nodes that lay a value anew stand where it is read in another format than it
/// has, one a value and format. Everything that runs or plans a graph then follows by itself. Outputs are contiguous.
/// </summary>
internal sealed class LaidGraph
{
    private readonly GraphBuilder builder;
    private readonly Dictionary<(Value Value, MemoryFormat Format), Value> laid = [];

    private LaidGraph(Graph graph) => builder = new GraphBuilder(graph.Name, graph.Input.Shape, graph.Input.Type);

    /// <summary>
    /// The graph in a format, or itself where that is contiguous. The given graph stays as it is and keeps owning the
    /// modules.
    /// </summary>
    public static Graph Of(Graph graph, MemoryFormat format)
        => format == MemoryFormat.Contiguous ? graph : new LaidGraph(graph).Make(graph);

    private Graph Make(Graph graph)
    {
        var values = new Value[graph.Nodes.Count + 1];
        values[0] = builder.Input;
        foreach (var node in graph.Nodes)
        {
            var inputs = node.Inputs.Select(v => values[v.Id]).ToArray();
            var format = FormatFor(node.Op, inputs);
            values[node.Output.Id] = builder.Add(node.Op, node.Name, [.. inputs.Select(v => In(v, format))]);
        }
        return builder.BuildView([.. graph.Outputs.Select(o => In(values[o.Id], MemoryFormat.Contiguous))],
            graph.InputGradients);
    }

    private static MemoryFormat FormatFor(Op op, Value[] inputs) => MemoryFormatRules.Of(op) switch
    {
        _ when !inputs.All(v => MemoryFormatRules.IsPicture(v.Shape)) => MemoryFormat.Contiguous,
        MemoryFormatRule.Lead => MemoryFormat.ChannelsLast,
        MemoryFormatRule.Follow when inputs.All(v => v.Format == MemoryFormat.ChannelsLast)
            => MemoryFormat.ChannelsLast,
        _ => MemoryFormat.Contiguous,
    };

    private Value In(Value value, MemoryFormat format)
    {
        if (value.Format == format) return value;
        if (laid.TryGetValue((value, format), out var made)) return made;
        return laid[(value, format)] = builder.Add(new Lay(format), $"{value.Name}.{format}", value);
    }
}
