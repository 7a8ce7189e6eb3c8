using System.Collections.Frozen;
using Interactive.Graphs.Ops;
using Interactive.Runtime;

namespace Interactive.Graphs.Partition;

/// <summary>
/// The rules of ops that lay numbers in other dimensions, and of those operators of libtorch's that attention in a user's
/// module is made of.
/// </summary>
internal static class SlicedViews
{
    private const long Batch = 7919; // with which a size that follows the batch is equal to no other
    private static readonly FrozenSet<string> Resizing = Names("view reshape _unsafe_view flatten");
    private static readonly FrozenSet<string> Turning = Names("transpose swapaxes swapdims");
    private static readonly FrozenSet<string> OneByOne = Names("contiguous clone alias gelu neg square rsqrt reciprocal mish softplus elu pow");
    private static readonly FrozenSet<string> Meeting = Names("add sub mul div masked_fill where");

    private static FrozenSet<string> Names(string list) => list.Split(' ').Select(name => "aten::" + name).ToFrozenSet();

    /// <summary>The rule of <see cref="Ops.Reshape"/>.</summary>
    public static SlicedNode? Reshape(Node node, Cut cut, int ranks, ref string? misfit)
    {
        if (Place(node, cut, ranks, ref misfit) is not { } place) return null;
        var sizes = node.Output.Shape.ToArray();
        sizes[place - 1] /= ranks;
        return new(new(place), (_, _) => new Reshape(sizes));
    }

    /// <summary>The rule of an operator of libtorch's.</summary>
    public static SlicedNode? Of(Node node, AtenOp op, IReadOnlyList<Cut?> cuts, int ranks, ref string? misfit)
    {
        var (name, arguments) = (op.Call.Name, op.Call.Arguments);
        if (op.GivesSeveral || op.IsRandom || op.Effects.Count > 0 || op.Parameters.Any()) return null;
        if (Meeting.Contains(name))
            return SlicedNode.Alike(node, cuts) is { } met ? Local(node, op, met.Dimension, ranks) : null;
        if (cuts is not [{ } cut]) return null;
        if (OneByOne.Contains(name)) return Local(node, op, cut.Dimension, ranks);
        if (Turning.Contains(name))
        {
            var rank = node.Output.Extents.Count;
            var (a, b) = (Axis(arguments[1], rank), Axis(arguments[2], rank));
            return Local(node, op, cut.Dimension == a ? b : cut.Dimension == b ? a : cut.Dimension, ranks);
        }
        if (name == "aten::select" && Axis(arguments[1], node.Inputs[0].Extents.Count) is var gone && gone != cut.Dimension)
            return Local(node, op, gone < cut.Dimension ? cut.Dimension - 1 : cut.Dimension, ranks);
        if (name == AtenTraits.Permute)
            return Local(node, op, Array.IndexOf([.. ((ListArgument)arguments[1]).Elements.Select(e => Axis(e, node.Output.Extents.Count))], cut.Dimension), ranks);
        return Resizing.Contains(name) && Place(node, cut, ranks, ref misfit) is { } place ? Local(node, op, place, ranks) : null;
    }

    /// <summary>The rule of what takes packed queries, keys and values apart: each is cut as a layer of its own would be.</summary>
    public static SlicedNode? Unpacked(Node node, AtenOp op, Cut cut, int ranks, ref string? misfit)
    {
        var (name, arguments, sizes) = (op.Call.Name, op.Call.Arguments, node.Inputs[0].Extents);
        if (op.GivesSeveral || cut.Dimension != sizes.Count - 1) return null;
        var each = sizes[^1].Fixed / cut.Groups;
        if (name is "aten::chunk" or "aten::split" && Axis(arguments[2], sizes.Count) == cut.Dimension && node.Output.Extents[^1] == each)
            return Local(node, op, cut.Dimension, ranks);
        if (!Resizing.Contains(name) || node.Output.Extents.Count != sizes.Count + 2 || node.Output.Extents[cut.Dimension] != cut.Groups) return null;
        var heads = node.Output.Extents[cut.Dimension + 1].Fixed;
        if (heads % ranks != 0) misfit ??= $"{node.Name} has {heads} heads";
        return Local(node, op, cut.Dimension + 1, ranks);
    }

    private static int Axis(AtenArgument argument, int rank)
        => (int)((SizeArgument)argument).Size.Fixed is var axis && axis < 0 ? axis + rank : axis;

    // Where the slices are in the result: the same numbers lie before them there.
    private static int? Place(Node node, Cut cut, int ranks, ref string? misfit)
    {
        var (from, to) = (node.Inputs[0].Extents, node.Output.Extents);
        long ahead = from.Take(cut.Dimension).Aggregate(1L, (n, e) => n * e.At(Batch)), before = 1;
        for (var d = 0; d < to.Count; d++)
        {
            if (before == ahead && to[d] != 1)
            {
                if (to[d].PerSample != 0) return null;
                if (to[d].Fixed % ranks != 0) misfit ??= $"{node.Name} has {to[d].Fixed} heads";
                return d;
            }
            before *= to[d].At(Batch);
        }
        return null;
    }

    // The same call on a rank's part, where it is told sizes of those of the part.
    private static SlicedNode Local(Node node, AtenOp op, int place, int ranks) => new(new(place), (inputs, _) =>
    {
        var sizes = node.Output.Extents.ToArray();
        sizes[place] = sizes[place].Fixed / ranks;
        AtenArgument[] arguments = [.. op.Call.Arguments];
        if (Resizing.Contains(op.Call.Name) && arguments[1] is ListArgument list)
        {
            AtenArgument[] elements = [.. list.Elements];
            if (elements[place] is SizeArgument { Size: { PerSample: 0, Fixed: > 0 } }) elements[place] = new SizeArgument(sizes[place]);
            var made = MadeValue.List(ListKind.Whole, elements.Length);
            try { arguments[1] = new ListArgument(made, elements); }
            finally { made.Release(); }
        }
        if (op.Call.Name == "aten::split") arguments[1] = new SizeArgument(sizes[place]);
        var call = new AtenCall(op.Call.Name, op.Call.Overload, arguments, op.Call.WithGradient);
        return new AtenOp(call, [], sizes, op.Type, [.. op.Results], [], inputs, op.IsView, op.IsContiguous);
    });
}
