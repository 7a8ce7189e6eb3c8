namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>The same numbers in other places, and new ones.</summary>
internal static class ShapeExports
{
    private static readonly Write Same = c => [c.Emit("Identity", [c[0]])];
    private static readonly Write Resized = c => [c.File.Reshape(c[0], c.Result())];

    public static readonly Dictionary<string, Write> All = new()
    {
        ["alias"] = Same,
        ["contiguous"] = c => [c.IsDense(0) ? c.Emit("Identity", [c[0]]) : c.File.Dense(c[0])],
        ["clone"] = c => [c.IsDense(0) ? c.Emit("Identity", [c[0]]) : c.File.Dense(c[0])],
        ["detach"] = c => [c.File.Dense(c[0])], // a value of its own: x sigmoid(detach(x)) is no SiLU
        ["view"] = Resized,
        ["reshape"] = Resized,
        ["_unsafe_view"] = Resized,
        ["unflatten"] = Resized,
        ["squeeze"] = Resized,
        ["unsqueeze"] = c => [c.Emit("Unsqueeze", [c[0], c.List(c.Axis(1, c.Rank(0) + 1))])],
        ["flatten"] = c => [c.Axis(1, c.Rank(0)) == 1 && c.Axis(2, c.Rank(0)) == c.Rank(0) - 1
            ? c.Emit("Flatten", [c[0]], ("axis", 1L)) : c.File.Reshape(c[0], c.Result())],
        ["permute"] =
            c => [c.Emit("Transpose", [c[0]], ("perm", c.Longs(1).Select(d => d < 0 ? d + c.Rank(0) : d).ToArray()))],
        ["transpose"] = c => [Swapped(c, c.Axis(1, c.Rank(0)), c.Axis(2, c.Rank(0)))],
        ["t"] = c => [Swapped(c, 0, 1)],
        ["mT"] = c => [Swapped(c, c.Rank(0) - 2, c.Rank(0) - 1)],
        ["expand"] = c => [c.Emit("Expand", [c[0], c.File.Sizes(c.Result())])],
        ["expand_as"] = c => [c.Emit("Expand", [c[0], c.File.Sizes(c.Result())])],
        ["repeat"] = c => [c.Emit("Tile", [c[0], c.File.Sizes(c.Extents(1))])],
        ["cat"] = c => [c.Emit("Concat", c.Names(0), ("axis", c.Long(1)))],
        ["hstack"] = c => [c.Emit("Concat", c.Names(0), ("axis", c.Result().Length == 1 ? 0L : 1L))],
        ["stack"] = c => [c.Emit("Concat", c.Names(0).Select(n => c.Emit("Unsqueeze", [n, c.List(c.Long(1))])),
            ("axis", c.Long(1)))],
        ["select"] = c => [c.Emit("Gather", [c[0], c.File.Whole(c.Long(2))], ("axis", c.Long(1)))],
        ["narrow"] = c => [Narrow(c)],
        ["slice"] = c => [c.Emit("Slice",
            [c[0], c.List(c.IsNone(2) ? 0 : c.Long(2)), c.List(c.IsNone(3) ? long.MaxValue : c.Long(3)),
            c.List(c.Long(1)), c.List(c.Long(4))])],
        ["split"] = Parts,
        ["split_with_sizes"] = Parts,
        ["chunk"] = Parts,
        ["index_select"] = c => [c.Emit("Gather", [c[0], c[2]], ("axis", c.Long(1)))],
        ["gather"] = c => [c.Emit("GatherElements", [c[0], c[2]], ("axis", c.Long(1)))],
        ["index"] = c => c.Places(1) is [var (places, axis)] ? [c.Emit("Gather", [c[0], places], ("axis", axis))]
            : throw c.Cannot("picks by several lists of places"),
        ["unbind"] = Unbound,
        ["one_hot"] = c => [c.Long(1) is > 0 and var classes ? c.Emit("OneHot", [c[0], c.List(classes), c.List(0, 1)], ("axis", -1L))
            : throw c.Cannot("takes the number of classes from the data: give num_classes")],
        ["scatter"] = c => c.IsTensor(3) ? [c.Emit("ScatterElements", [c[0], c[2], c[3]], ("axis", c.Long(1)))] : throw c.Cannot("scatters a number"),
        ["scatter_add"] = c => [c.Emit("ScatterElements", [c[0], c[2], c[3]], ("axis", c.Long(1)), ("reduction", "add"))],
        ["flip"] = c => [c.Longs(1).Aggregate(c[0],
            (x, d) => c.Emit("Slice", [x, c.List(-1), c.List(long.MinValue), c.List(d), c.List(-1)]))],
        ["roll"] = c => [Roll(c)],
        ["pad"] = c => [Pad(c,
            c.Text(2) switch { "constant" => "constant", "reflect" => "reflect", "replicate" => "edge", "circular" => Around,
            var mode => throw c.Cannot($"pads by {mode}") }, c.Count < 4 || c.IsNone(3) ? 0 : c.Number(3))],
        ["_pad_enum"] = c => [Pad(c,
            c.Long(2) switch { 0 => "reflect", 1 => "edge", 2 => Around, _ => "constant" },
            c.Count < 4 || c.IsNone(3) ? 0 : c.Number(3))],
        ["constant_pad_nd"] = c => [Pad(c, "constant", c.Number(2))],
        ["pixel_shuffle"] = c => [c.Emit("DepthToSpace", [c[0]], ("blocksize", c.Long(1)), ("mode", "CRD"))],
        ["pixel_unshuffle"] = c => [Unshuffled(c)],
        ["channel_shuffle"] = c => [Shuffled(c)],
        ["tril"] = c => [c.Emit("Trilu", [c[0], c.File.Whole(c.Long(1))], ("upper", 0L))],
        ["triu"] = c => [c.Emit("Trilu", [c[0], c.File.Whole(c.Long(1))], ("upper", 1L))],
        ["to"] = Cast,
        ["_to_copy"] = Cast,
        ["zeros"] = c => [Filled(c, 0)],
        ["ones"] = c => [Filled(c, 1)],
        ["zeros_like"] = c => [Filled(c, 0)],
        ["ones_like"] = c => [Filled(c, 1)],
        ["full_like"] = c => [Filled(c, c.Number(1))],
        ["full"] = c => [Filled(c, c.Number(1))],
        ["new_zeros"] = c => [Filled(c, 0)],
    };

    private const string Around = "wrap"; // ONNX has it from opset 19 on

    private static string Narrow(ExportCall c)
    {
        var (start, length) = (c.Extent(2), c.Extent(3));
        if (start.PerSample == 0 && length.PerSample == 0 && start.Fixed < 0 && start.Fixed + length.Fixed == 0)
            return c.Emit("Slice", [c[0], c.List(start.Fixed), c.List(long.MaxValue), c.List(c.Long(1))]);
        return c.Emit("Slice", [c[0], c.File.Sizes([start]), c.File.Sizes([new(start.PerSample + length.PerSample, start.Fixed + length.Fixed)]), c.List(c.Long(1))]);
    }

    private static string Swapped(ExportCall c, long a, long b)
    {
        long[] order = [.. Enumerable.Range(0, c.Rank(0)).Select(i => (long)i)];
        (order[a], order[b]) = (order[b], order[a]);
        return c.Emit("Transpose", [c[0]], ("perm", order));
    }

    private static string[] Parts(ExportCall c)
    {
        var axis = c.Axis(2, c.Rank(0));
        var sizes = Enumerable.Range(0, c.Results).Select(p => c.Result(p)[axis]).ToArray();
        return c.File.Emit("Split", [c[0], c.File.Sizes(sizes)], sizes.Length, ("axis", axis));
    }

    private static string Roll(ExportCall c)
    {
        var x = c[0];
        foreach (var (shift, axis) in c.Longs(1).Zip(c.Longs(2)))
        {
            var cut = c.List(-shift); // the last ones come first
            x = shift == 0 ? x
                : c.Emit("Concat",
                [c.Emit("Slice", [x, cut, c.List(long.MaxValue), c.List(axis)]),
                c.Emit("Slice", [x, c.List(0), cut, c.List(axis)])], ("axis", axis));
        }
        return x;
    }

    private static string Pad(ExportCall c, string mode, double value)
    {
        var (rank, sides) = (c.Rank(0), c.Longs(1));
        if (mode == Around) return Circled(c, rank, sides);
        var edges = new long[2 * rank];
        for (var i = 0; i < sides.Length / 2; i++)
            (edges[rank - 1 - i], edges[2 * rank - 1 - i]) = (sides[2 * i], sides[2 * i + 1]);
        return c.Emit("Pad",
            mode == "constant" ? [c[0], c.List(edges), c.File.Number(value, c.TypeOf(0))] : [c[0], c.List(edges)],
            ("mode", mode));
    }

    // What is before the first is the last, and the other way round.
    private static string Circled(ExportCall c, int rank, long[] sides)
    {
        var x = c[0];
        for (var i = 0; i < sides.Length / 2; i++)
        {
            var (before, after, axis) = (sides[2 * i], sides[2 * i + 1], (long)(rank - 1 - i));
            if (before < 0 || after < 0) throw c.Cannot("pads by circling with fewer places than there are");
            string[] parts = [before == 0 ? "" : c.Emit("Slice", [x, c.List(-before), c.List(long.MaxValue), c.List(axis)]), x,
                after == 0 ? "" : c.Emit("Slice", [x, c.List(0), c.List(after), c.List(axis)])];
            if (before + after > 0) x = c.Emit("Concat", parts.Where(p => p.Length > 0), ("axis", axis));
        }
        return x;
    }

    private static string[] Unbound(ExportCall c)
    {
        var axis = c.Axis(1, c.Rank(0));
        if (c.Results == 1) return [c.Emit("Squeeze", [c[0], c.List(axis)])];
        return [.. c.File.Emit("Split", [c[0]], c.Results, ("axis", axis), ("num_outputs", (long)c.Results)).Select(part => c.Emit("Squeeze", [part, c.List(axis)]))];
    }

    // (n, c, h b, w b) to (n, c b b, h, w)
    private static string Unshuffled(ExportCall c)
    {
        if (c.Rank(0) != 4) throw c.Cannot($"takes apart {c.Rank(0)} dimensions: 4 can be");
        var (sizes, by) = (c.SizesOf(0), c.Long(1));
        var rows = c.File.Reshape(c[0], [sizes[0], sizes[1], new(0, sizes[2].Fixed / by), new(0, by), new(0, sizes[3].Fixed / by), new(0, by)]);
        return c.File.Reshape(c.Emit("Transpose", [rows], ("perm", new long[] { 0, 1, 3, 5, 2, 4 })), c.Result());
    }

    private static string Shuffled(ExportCall c)
    {
        var (sizes, groups) = (c.SizesOf(0), c.Long(1));
        var rows = c.File.Reshape(c[0], [sizes[0], new(0, groups), new(0, sizes[1].Fixed / groups), .. sizes[2..]]);
        long[] order = [0, 2, 1, .. Enumerable.Range(3, sizes.Length - 2).Select(i => (long)i)];
        return c.File.Reshape(c.Emit("Transpose", [rows], ("perm", order)), c.Result());
    }

    private static string[] Cast(ExportCall c)
        => [c.ResultType() == c.TypeOf(0) ? c.Emit("Identity", [c[0]])
        : c.Emit("Cast", [c[0]], ("to", (long)c.ResultType()))];

    private static string Filled(ExportCall c, double value)
        => c.Emit("Expand", [c.File.Number(value, c.ResultType()), c.File.Sizes(c.Result())]);
}
