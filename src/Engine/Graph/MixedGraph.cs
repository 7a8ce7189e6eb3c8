using Interactive.Graphs.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// Writes a precision into a graph: casts stand where a value is read in another type than it has, one a value and
/// type. Everything that runs or plans a graph then follows by itself. Outputs have the types that the graph says.
/// </summary>
public sealed class MixedGraph
{
    private readonly GraphBuilder builder;
    private readonly ScalarType low;
    private readonly Dictionary<(Value Value, ScalarType Type), Value> casts = [];

    private MixedGraph(Graph graph, ScalarType low)
        => (builder, this.low) = (new GraphBuilder(graph.Name, graph.Input.Shape, graph.Input.Type), low);

    /// <summary>
    /// The graph with the casts of its <see cref="Graph.Precision"/>, or itself where that needs none. The given graph
    /// stays as it is and keeps owning the modules.
    /// </summary>
    public static Graph Of(Graph graph)
        => graph.Precision.IsMixed ? new MixedGraph(graph, graph.Precision.Products).Make(graph) : graph;

    private Graph Make(Graph graph)
    {
        var values = new Value[graph.Nodes.Count + 1];
        values[0] = builder.Input;
        foreach (var node in graph.Nodes)
        {
            var inputs = node.Inputs.Select(v => values[v.Id]).ToArray();
            var type = TypeFor(node.Op, inputs);
            values[node.Output.Id] = builder.Add(node.Op, node.Name, [.. inputs.Select(v => In(v, type))]);
        }
        return builder.BuildView([.. graph.Outputs.Select(o => In(values[o.Id], o.Type))], graph.InputGradients);
    }

    private ScalarType TypeFor(Op op, Value[] inputs) => PrecisionRules.Of(op) switch
    {
        PrecisionRule.Low => low,
        PrecisionRule.Follow when inputs.All(v => v.Type != ScalarType.Float32) => low,
        _ => ScalarType.Float32,
    };

    // Numbers of tokens, masks and the like stay as they are.
    private Value In(Value value, ScalarType type)
    {
        if (value.Type == type || value.Type != ScalarType.Float32 && value.Type != low) return value;
        if (casts.TryGetValue((value, type), out var made)) return made;
        return casts[(value, type)] = builder.Add(new Cast(value.Type, type, Broadcast.IsBatched(value)),
            $"{value.Name}.{type.ToString().ToLowerInvariant()}", value);
    }
}
