using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Low-rank adaptation (Hu et al. 2021): the weights stay, and beside a linear layer two small ones are trained, whose
/// product is added to its result. They are ordinary nodes of the graph, named <c>…_lora.a</c> and <c>…_lora.b</c>, so
/// budgets, ranks and files know them.
/// </summary>
public static class LowRank
{
    private const string Down = "_lora.a", Up = "_lora.b", Sum = "_lora.add";

    /// <summary>
    /// The net with adapters beside its linear layers, which alone are trained. It begins with the net's own outputs.
    /// </summary>
    /// <param name="graph">The net; go on with the one returned.</param>
    /// <param name="rank">Features of the narrow place, at least 1; default 8.</param>
    /// <param name="alpha">The sum's factor is alpha / rank; default 16.</param>
    /// <param name="layers">Patterns of the layers' names, such as <c>*.attn.*</c>; default all but the head.</param>
    /// <exception cref="UsageException">A pattern fits no linear layer, a layer has adapters already, or a number is out of range.</exception>
    public static Graph WithLora(this Graph graph, long rank = 8, double alpha = 16,
        IReadOnlyList<string>? layers = null)
    {
        if (rank < 1 || !(alpha > 0)) throw new UsageException($"adapters need a rank of at least 1 and an alpha above 0, got {rank} and {alpha}");
        var chosen = Chosen(graph, layers);
        if (chosen.FirstOrDefault(n => graph.Nodes.Any(sum => sum.Name == n.Name + Sum)) is { } has)
            throw new UsageException($"{has.Name} has adapters already: train these on, merge them first (MergeLora), or choose other layers:");
        var cut = new GraphCut(graph);
        foreach (var node in graph.Nodes)
        {
            if (node.Output.IsInput && node.Inputs.Count == 0) { cut.Keep(node); continue; }
            var y = cut.Keep(node);
            if (!chosen.Contains(node)) continue;
            var x = cut.Of(node.Inputs[0]);
            var up = x.Linear(rank, bias: false, name: node.Name + Down).Linear(y.Shape[^1], bias: false,
                name: node.Name + Up);
            nn.init.zeros_(((TorchSharp.Modules.Linear)up.Producer!.Op.Module!).weight!);
            cut.Put(node, y.Add(up, alpha / rank, node.Name + Sum));
        }
        return cut.Build([.. graph.Outputs.Select(cut.Of)]).TrainOnly("*_lora.*");
    }

    /// <summary>
    /// The net without adapters, whose products are added to the weights beside them: the same outputs up to rounding,
    /// and as fast as before.
    /// </summary>
    /// <param name="graph">A net of <see cref="WithLora"/>; go on with the one returned.</param>
    /// <exception cref="UsageException">It has no adapters, or several layers share a weight and would each add to it.</exception>
    public static Graph MergeLora(this Graph graph)
    {
        if (!graph.Nodes.Any(n => n.Name.EndsWith(Sum, StringComparison.Ordinal)))
            throw new UsageException($"{graph.Name} has no adapters to merge: make some by WithLora");
        RequireOwnWeights(graph);
        var cut = new GraphCut(graph);
        foreach (var node in graph.Nodes)
        {
            if (node.Name.EndsWith(Down, StringComparison.Ordinal) || node.Name.EndsWith(Up, StringComparison.Ordinal))
                continue;
            if (!node.Name.EndsWith(Sum, StringComparison.Ordinal)) cut.Keep(node);
            else
            {
                Merge(node);
                cut.Put(node, cut.Of(node.Inputs[0]));
            }
        }
        return cut.Build([.. graph.Outputs.Select(cut.Of)]);
    }

    // A weight that serves two places cannot hold what one of them adds to it.
    private static void RequireOwnWeights(Graph graph)
    {
        foreach (var layer in graph.Nodes.Where(n => n.Name.EndsWith(Sum, StringComparison.Ordinal)).Select(n => n.Inputs[0].Producer!))
        {
            var own = Weight(layer).Identity();
            if (graph.Nodes.FirstOrDefault(n => n != layer && n.Op.Parameters.Any(p => p.Identity() == own)) is { } other)
                throw new UsageException($"the adapters of {layer.Name} cannot be merged, for {other.Name} has the same weight: use and export the net with its adapters, or give layers: that share none");
        }
    }

    private static void Merge(Node sum)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var up = sum.Inputs[1].Producer!;
        var product = Weight(up).matmul(Weight(up.Inputs[0].Producer!));
        Weight(sum.Inputs[0].Producer!).add_(product, alpha: sum.Op.SumWeights![1]);
    }

    private static Tensor Weight(Node node) => ((TorchSharp.Modules.Linear)node.Op.Module!).weight!;

    private static HashSet<Node> Chosen(Graph graph, IReadOnlyList<string>? patterns)
    {
        var linear = graph.Nodes.Where(n => n.Op is Linear && n.Op.Module is TorchSharp.Modules.Linear
            && !n.Name.EndsWith(Down, StringComparison.Ordinal) && !n.Name.EndsWith(Up, StringComparison.Ordinal)).ToList();
        if (patterns is null)
        {
            var head = GraphParts.HeadOf(graph);
            return linear.Count == 0 ? throw new UsageException($"{graph.Name} has no linear layers")
                : [.. linear.Where(n => n != head || linear.Count == 1)];
        }
        return [.. patterns.SelectMany(pattern =>
        {
            var group = ParameterGroup.Of(pattern);
            var some = linear.Where(n => group.Selects(new(n.Name, null!))).ToList();
            return some.Count > 0 ? some : throw new UsageException($"no linear layer of {graph.Name} is called '{pattern}': they are {string.Join(", ", linear.Take(4).Select(n => n.Name))}{(linear.Count > 4 ? ", …" : "")}");
        })];
    }
}
