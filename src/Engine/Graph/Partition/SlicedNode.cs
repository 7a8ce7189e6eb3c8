using Interactive.Graphs.Ops;

namespace Interactive.Graphs.Partition;

/// <summary>How ranks have equal parts of a value.</summary>
/// <param name="Dimension">Along which, the samples' being 0.</param>
/// <param name="Groups">Equal parts of it, one behind the other, of each of which a rank has a part.</param>
internal readonly record struct Cut(int Dimension, int Groups = 1);

/// <summary>What a rank runs of a node that reads slices.</summary>
/// <param name="Output">How the result is cut.</param>
/// <param name="Op">(what the rank's node reads, the ranks) to the op.</param>
internal sealed record SlicedNode(Cut Output, Func<IReadOnlyList<Value>, IRowExchange, Op> Op)
{
    /// <summary>Groups of packed queries, keys and values.</summary>
    public const int Packed = 3;

    /// <summary>The rule of a node's op; null where slices of its inputs do not give a slice of its result.</summary>
    /// <param name="node">The node.</param>
    /// <param name="cuts">By input, null for one that each rank has whole.</param>
    /// <param name="ranks">How many.</param>
    /// <param name="misfit">What does not divide, where that alone is in the way.</param>
    public static SlicedNode? Of(Node node, IReadOnlyList<Cut?> cuts, int ranks, ref string? misfit)
    {
        if (node.Op is Attention)
            return cuts is [{ Groups: Packed, Dimension: 2 }] ? Heads(node, ranks, ref misfit) : null;
        if (node.Op is AtenOp call && cuts is [{ Groups: > 1 } packed]) return SlicedViews.Unpacked(node, call, packed, ranks, ref misfit);
        if (cuts.Any(c => c is { Groups: > 1 })) return null;
        var first = cuts.First(c => c is not null)!.Value;
        return node.Op switch
        {
            Dropout { IsRandom: true } dropout => new(first, (_, exchange) => new SlicedDropout(exchange, dropout, first.Dimension, masks: 1)),
            SoftmaxFamily => Axes.Of((long)node.Op.Attributes["dim"], node.Inputs[0].Shape) == first.Dimension ? null : Same(node, first),
            ElementWise { IsRandom: false, Module: null or TorchSharp.Modules.Dropout } when !node.Op.Parameters.Any() => Same(node, first),
            Add or BroadcastAdd or Mul or Div or MaskedFill or Where => Alike(node, cuts) is { } cut ? Same(node, cut) : null,
            Matmul => cuts[0] is { } a && a == cuts[1] && a.Dimension < node.Output.Extents.Count - 2 ? Same(node, a) : null,
            ScaledDotProductAttention => Attended(node, cuts, ranks, ref misfit),
            Permute => Turned(node, first),
            Reshape => SlicedViews.Reshape(node, first, ranks, ref misfit),
            AtenOp op => SlicedViews.Of(node, op, cuts, ranks, ref misfit),
            _ => null,
        };
    }

    private static SlicedNode Same(Node node, Cut cut) => new(cut, (_, _) => node.Op);

    private static SlicedNode Heads(Node node, int ranks, ref string? misfit)
    {
        var (heads, causal) = ((long)node.Op.Attributes["heads"], (bool)node.Op.Attributes["causal"]);
        if (heads % ranks != 0) misfit ??= $"{node.Name} has {heads} heads";
        return new(new(2), (_, _) => new Attention(heads / ranks, causal));
    }

    // Queries, keys and values by heads; a mask may be of one head.
    private static SlicedNode? Attended(Node node, IReadOnlyList<Cut?> cuts, int ranks, ref string? misfit)
    {
        const int Heads = 1;
        if (cuts.Take(3).Any(c => c is not { Dimension: Heads })) return null;
        var mask = cuts.Count > 3 ? node.Inputs[3].Extents : [];
        if (mask.Count > 2 && cuts[3] is null && mask[^3] != 1) return null;
        var attributes = node.Op.Attributes;
        return new(new(Heads), (_, _) => new ScaledDotProductAttention((bool)attributes["causal"],
            attributes.TryGetValue("scale", out var scale) ? (double)scale : null, attributes.ContainsKey("as_it_lies")));
    }

    private static SlicedNode Turned(Node node, Cut cut)
    {
        var rank = node.Inputs[0].Shape.Rank + 1;
        var order = ((long[])node.Op.Attributes["dims"]).Select(d => d < 0 ? d + rank : d).ToArray();
        return Same(node, new(Array.IndexOf(order, cut.Dimension) + 1));
    }

    // All that are cut are so alike, and the rest has one number for all slices.
    internal static Cut? Alike(Node node, IReadOnlyList<Cut?> cuts)
    {
        Cut? result = null;
        var rank = node.Output.Extents.Count;
        for (var i = 0; i < cuts.Count; i++)
        {
            var ahead = rank - node.Inputs[i].Extents.Count; // sizes meet from the last on
            if (cuts[i] is not { } cut) continue;
            var met = cut with { Dimension = cut.Dimension + ahead };
            if (result is { } other && other != met) return null;
            result = met;
        }
        for (var i = 0; i < cuts.Count; i++)
        {
            var at = result!.Value.Dimension - (rank - node.Inputs[i].Extents.Count);
            if (cuts[i] is null && at >= 0 && node.Inputs[i].Extents[at] != 1) return null;
        }
        return result;
    }
}
