using Interactive.Graphs.Ops;

namespace Interactive.Graphs.Partition;

/// <summary>
/// A model of which each rank has a slice of some linear layers, and the rest whole: a view of the model with
/// collective operations for nodes, that is planned, fused and run as any other graph. All other nodes keep their
/// names.
/// </summary>
internal sealed class PartitionedGraph
{
    private readonly List<ParameterSlice> slices = [];

    /// <summary>A graph that was rewritten.</summary>
    /// <param name="source">The model.</param>
    /// <param name="builder">Has the nodes.</param>
    /// <param name="outputs">The rewritten graph's.</param>
    /// <param name="slices">Of the model's parameters.</param>
    internal PartitionedGraph(Graph source, GraphBuilder builder, IReadOnlyList<Value> outputs,
        IEnumerable<ParameterSlice> slices)
    {
        this.slices.AddRange(slices);
        Graph = View(source, builder, outputs);
    }

    private PartitionedGraph(Graph source, LinearRole[] roles, IRowExchange ranks)
    {
        var builder = new GraphBuilder(source.Name, source.Input.Shape, source.Input.Type);
        var values = new Value[source.Nodes.Count + 1];
        var gathered = new Dictionary<Value, Value>();
        var isSliced = new bool[source.Nodes.Count + 1]; // between a first and its second
        values[0] = builder.Input;
        foreach (var node in source.Nodes)
        {
            Value[] inputs = [.. node.Inputs.Select(v => values[v.Id])];
            var role = roles[node.Id];
            isSliced[node.Output.Id] = role == LinearRole.First
                || role == LinearRole.Whole && node.Inputs.Any(v => isSliced[v.Id]);
            values[node.Output.Id] = role switch
            {
                LinearRole.Whole => builder.Add(isSliced[node.Output.Id] && node.Op is Dropout { IsRandom: true } dropout
                    ? new SlicedDropout(ranks, dropout, node.Output.Extents.Count - 1, ranks.Ranks) : node.Op, node.Name, inputs),
                LinearRole.Second => Summed(node, builder.Add(Sliced(node, 1), node.Name, inputs)),
                LinearRole.First => builder.Add(Sliced(node, 0), node.Name, Gathered(inputs[0])),
                _ => builder.Add(new SwapColumns(ranks, node.Name), node.Name + ".swap",
                    builder.Add(Sliced(node, 0), node.Name, Gathered(inputs[0]))),
            };
        }
        Graph = View(source, builder, [.. source.Outputs.Select(o => values[o.Id])]);

        Value Gathered(Value value) => gathered.TryGetValue(value, out var all) ? all
            : gathered[value] = builder.Add(new GatherRows(ranks, value.Name), value.Name + ".gather", value);

        Value Summed(Node node, Value parts)
            => builder.Add(new SumRows(ranks, node.Name, LinearSharding.Module(node).bias), node.Name + ".sum", parts);

        Op Sliced(Node node, int dimension)
        {
            var module = LinearSharding.Module(node);
            var weight = Slice(module.weight!, dimension);
            return new Linear(TorchSharp.torch.nn.Linear(weight,
                dimension == 0 && module.bias is { } bias ? Slice(bias, 0) : null));
        }

        TorchSharp.Modules.Parameter Slice(TorchSharp.Modules.Parameter whole, int dimension)
        {
            slices.Add(ParameterSlice.Of(whole, dimension, ranks.Ranks));
            return slices[^1].Mine;
        }
    }

    private static Graph View(Graph source, GraphBuilder builder, IReadOnlyList<Value> outputs)
    {
        var graph = builder.BuildView(outputs, source.InputGradients);
        graph.MemoryFormat = source.MemoryFormat;
        graph.train(source.training);
        return graph;
    }

    /// <summary>What a rank runs.</summary>
    public Graph Graph { get; }

    /// <summary>Numbers of each row of scores that a rank hands to the others for a loss of which each has some classes; 0 where each has all.</summary>
    public int LossNumbers { get; init; }

    /// <summary>The slices.</summary>
    public IReadOnlyList<ParameterSlice> Slices => slices;

    /// <summary>The model with those linear layers in slices that send less so.</summary>
    /// <param name="source">The model; it keeps owning modules and whole parameters.</param>
    /// <param name="samples">Samples of each rank in a step.</param>
    /// <param name="ranks">The ranks.</param>
    /// <returns>Null where no layer does.</returns>
    public static PartitionedGraph? Of(Graph source, long samples, IRowExchange ranks)
    {
        source.FindGradients();
        var roles = ranks.Ranks == 1 || source.Precision.IsMixed ? [] : LinearSharding.Of(source, ranks.Ranks, samples);
        return Array.Exists(roles, role => role != LinearRole.Whole) ? new(source, roles, ranks) : null;
    }
}
