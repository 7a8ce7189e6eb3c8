using Interactive.Graphs.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// Writes a precision into a graph: casts stand where a value is read in another type than it has. Outputs have the
/// types that the graph says.
/// </summary>
public static class MixedGraph
{
    /// <summary>
    /// The graph with the casts of its <see cref="Graph.Precision"/>, or itself where that needs none. The given graph
    /// stays as it is and keeps owning the modules.
    /// </summary>
    public static Graph Of(Graph graph)
    {
        if (!graph.Precision.IsMixed) return graph;
        var low = graph.Precision.Products;
        return GraphConversion.Make(graph, Wanted, Has,
            (value, type) => new Cast(value.Type, type, Broadcast.IsBatched(value)), output => output.Type);

        ScalarType Wanted(Op op, IReadOnlyList<Value> inputs) => PrecisionRules.Of(op) switch
        {
            PrecisionRule.Low => low,
            PrecisionRule.Follow when inputs.All(v => v.Type != ScalarType.Float32) => low,
            _ => ScalarType.Float32,
        };

        // Numbers of tokens, masks and the like stay as they are.
        bool Has(Value value, ScalarType type)
            => value.Type == type || value.Type != ScalarType.Float32 && value.Type != low;
    }
}
