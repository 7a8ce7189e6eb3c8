namespace Interactive.Graphs;

/// <summary>
/// Joins a convolution, linear, batch norm or add with the rectifier that alone reads its result: one node, one buffer,
/// the same bits. The fused graph wraps the same modules; names of fused nodes are those of the first op.
/// </summary>
public static class Fusion
{
    /// <summary>
    /// The graph as it is executed, in its <see cref="Graph.Precision"/> and <see cref="Graph.MemoryFormat"/>. The given
    /// graph stays as it is and keeps owning the modules.
    /// </summary>
    public static Graph Fuse(Graph graph) => Join(LaidGraph.Of(MixedGraph.Of(graph), graph.MemoryFormat));

    private static Graph Join(Graph graph)
    {
        var builder = new GraphBuilder(graph.Name, graph.Input.Shape, graph.Input.Type);
        var values = new Value[graph.Nodes.Count + 1];
        values[0] = builder.Input;
        foreach (var node in graph.Nodes)
        {
            if (FusedInto(node) is { } producer)
            {
                values[node.Output.Id] = values[producer.Output.Id];
                continue;
            }
            var op = !node.Output.IsOutput && node.Output.Consumers is [{ Op: Ops.Relu }]
                ? node.Op.WithRelu() ?? node.Op : node.Op;
            values[node.Output.Id] = builder.Add(op, node.Name, [.. node.Inputs.Select(v => values[v.Id])]);
        }
        return builder.BuildView([.. graph.Outputs.Select(o => values[o.Id])], graph.InputGradients);

        Node? FusedInto(Node node) => node.Op is Ops.Relu && node.Inputs[0].Producer is { } producer
            && producer.Output.Consumers.Count == 1 && !producer.Output.IsOutput && producer.Op.WithRelu() is not null
            ? producer : null;
    }
}
