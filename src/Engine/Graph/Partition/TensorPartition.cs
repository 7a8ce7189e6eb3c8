using Interactive.Graphs.Ops;
using Interactive.Runtime;
using Parameter = TorchSharp.Modules.Parameter;

namespace Interactive.Graphs.Partition;

/// <summary>
/// The model as ranks with the same samples divide it (<see cref="TensorSharding"/>): slices of parameters, and sums over
/// the ranks where a stretch of slices begins and where it ends.
/// </summary>
internal static class TensorPartition
{
    private const int LossNumbers = 3; // of a row: the greatest score, the sum of exponents, the target's score

    /// <summary>Bytes of each row that a loss holds of which each rank has some classes, the scores not counted.</summary>
    public static long LossRowBytes(int ranks) => 40 + 20 * ranks;

    /// <summary>The rewritten model.</summary>
    /// <param name="source">The model; it keeps owning modules and whole parameters.</param>
    /// <param name="ranks">The ranks.</param>
    /// <param name="dividesLoss">The loss takes classes in slices.</param>
    /// <returns>Null where nothing is divided.</returns>
    /// <exception cref="UsageException">Heads or features do not divide.</exception>
    public static PartitionedGraph? Of(Graph source, IRowExchange ranks, bool dividesLoss)
    {
        source.FindGradients();
        var sharding = new TensorSharding(source, ranks.Ranks, dividesLoss);
        if (!sharding.IsAny) return null;
        var builder = new GraphBuilder(source.Name, source.Input.Shape, source.Input.Type);
        var slices = new Dictionary<nint, ParameterSlice>();
        var entered = new Dictionary<Value, Value>();
        var values = new Value[source.Nodes.Count + 1];
        values[0] = builder.Input;
        foreach (var node in source.Nodes)
        {
            Value[] inputs = [.. node.Inputs.Select(v => values[v.Id])];
            values[node.Output.Id] = sharding.Roles[node.Id] switch
            {
                TensorRole.Column => builder.Add(Columns(node, sharding.Groups[node.Id]), node.Name, Entered(inputs[0])),
                TensorRole.Inside => builder.Add(sharding.Inside[node.Id]!.Op(inputs, ranks), node.Name, inputs),
                TensorRole.Row => Summed(node, builder.Add(new Linear(TorchSharp.torch.nn.Linear(Slice(Module(node).weight!, 1), null)), node.Name, inputs), Module(node).bias),
                TensorRole.Table => Summed(node, builder.Add(new SlicedEmbedding(ranks, Slice(node.Op.Parameters.First(), 0)), node.Name, inputs), null),
                _ => builder.Add(node.Op, node.Name, inputs),
            };
        }
        return new(source, builder, [.. source.Outputs.Select(o => values[o.Id])], slices.Values)
        {
            LossNumbers = sharding.DividesLoss ? LossNumbers : 0,
        };

        Value Entered(Value value) => entered.TryGetValue(value, out var all) ? all
            : entered[value] = builder.Add(new EnterSlices(ranks, value.Name), value.Name + ".enter", value);

        Value Summed(Node node, Value parts, Parameter? bias)
            => builder.Add(new SumSlices(ranks, node.Name, bias), node.Name + ".sum", parts);

        Op Columns(Node node, int groups)
            => node.Op is TiedLinear tied ? new Linear(TorchSharp.torch.nn.Linear(Slice(tied.Parameters.First(), 0), null))
            : new Linear(TorchSharp.torch.nn.Linear(Slice(Module(node).weight!, 0, groups), Module(node).bias is { } bias ? Slice(bias, 0, groups) : null));

        Parameter Slice(Parameter whole, int dimension, int groups = 1)
        {
            if (!slices.TryGetValue(whole.Identity(), out var slice))
                slices[whole.Identity()] = slice = ParameterSlice.Of(whole, dimension, ranks.Ranks, groups);
            return slice.Mine;
        }
    }

    private static TorchSharp.Modules.Linear Module(Node node) => LinearSharding.Module(node);
}
