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
        ["cat"] = c => [Joined(c, c.Long(1), ones: false)],
        ["concat"] = c => [Joined(c, c.Long(1), ones: false)],
        ["hstack"] = c => [Joined(c, c.SizesOfList(0)[0].Length == 1 ? 0 : 1, ones: false)],
        ["stack"] = c => [Joined(c, c.Long(1), ones: true)],
        ["unbind"] = c => c.Axis(1, c.Rank(0)) is > 0 and var axis
            ? [.. Enumerable.Range(0, c.Results).Select(p => c.Emit("Gather", [c[0], c.File.Whole(p)], ("axis", axis)))] : throw c.Cannot("parts the samples"),
        ["movedim"] = c => [Moved(c)],
        ["moveaxis"] = c => [Moved(c)],
        ["repeat_interleave"] = c => [Repeated(c)],
        ["select"] = c => [c.Emit("Gather", [c[0], c.File.Whole(c.Long(2))], ("axis", c.Long(1)))],
        ["narrow"] = c => [Narrow(c)],
        ["slice"] = c => [c.Emit("Slice",
            [c[0], c.List(c.IsNone(2) ? 0 : c.Long(2)), c.List(c.IsNone(3) ? long.MaxValue : c.Long(3)),
            c.List(c.Long(1)), c.List(c.Long(4))])],
        ["split"] = Parts,
        ["split_with_sizes"] = Parts,
        ["chunk"] = Parts,
        ["tensor_split"] = Parts,
        ["tril"] = c => [c.Emit("Trilu", [c[0], c.File.Whole(c.Long(1))], ("upper", 0L))],
        ["triu"] = c => [c.Emit("Trilu", [c[0], c.File.Whole(c.Long(1))], ("upper", 1L))],
        ["to"] = Cast,
        ["_to_copy"] = Cast,
        ["zeros"] = c => [Filled(c, 0)],
        ["ones"] = c => [Filled(c, 1)],
        ["zeros_like"] = c => [Filled(c, 0)],
        ["ones_like"] = c => [Filled(c, 1)],
        ["full"] = c => [Filled(c, c.Number(1))],
        ["full_like"] = c => [Filled(c, c.Number(1))],
        ["new_zeros"] = c => [Filled(c, 0)],
        ["new_ones"] = c => [Filled(c, 1)],
        ["new_full"] = c => [Filled(c, c.Number(2))],
        ["arange"] = c => [Counted(c)],
    };

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

    // Types are mixed here, and not in ONNX.
    private static string Joined(ExportCall c, long axis, bool ones)
    {
        var (type, types) = (c.ResultType(), c.TypesOfList(0));
        var parts = c.Names(0).Select((n, i) => types[i] == type ? n : c.Emit("Cast", [n], ("to", (long)type)));
        if (ones) parts = [.. parts.Select(n => c.Emit("Unsqueeze", [n, c.List(axis)]))];
        return c.Emit("Concat", parts, ("axis", axis));
    }

    private static string Moved(ExportCall c)
    {
        var rank = c.Rank(0);
        long[] from = [.. c.Longs(1).Select(d => (d + rank) % rank)], to = [.. c.Longs(2).Select(d => (d + rank) % rank)];
        var order = Enumerable.Repeat(-1L, rank).ToArray();
        foreach (var (a, b) in from.Zip(to)) order[b] = a;
        var rest = new Queue<long>(Enumerable.Range(0, rank).Select(d => (long)d).Except(from));
        for (var d = 0; d < rank; d++) if (order[d] < 0) order[d] = rest.Dequeue();
        return c.Emit("Transpose", [c[0]], ("perm", order));
    }

    // (x, times, dimension): each place so often, one after the other
    private static string Repeated(ExportCall c)
    {
        if (c.IsTensor(1) || c.IsNone(2)) throw c.Cannot(c.IsNone(2) ? "repeats the numbers of all samples as one" : "repeats each place by a number of its own");
        var axis = c.Axis(2, c.Rank(0));
        long[] times = [.. Enumerable.Range(0, c.Rank(0) + 1).Select(d => d == axis + 1 ? c.Long(1) : 1)];
        return c.File.Reshape(c.Emit("Tile", [c.Emit("Unsqueeze", [c[0], c.List(axis + 1)]), c.List(times)]), c.Result());
    }

    // (end, type, …), (start, end, type, …) or (start, end, step, type, …); four settings come last
    private static string Counted(ExportCall c)
    {
        var given = c.Count - 4;
        string At(int i, long otherwise) => i < 0 ? c.File.Whole(otherwise)
            : c.Extent(i) is { PerSample: 0 } known ? c.File.Whole(known.Fixed) : c.Emit("Squeeze", [c.File.Sizes([c.Extent(i)])]);
        var numbers = c.Emit("Range", [At(given > 1 ? 0 : -1, 0), At(given > 1 ? 1 : 0, 0), At(given > 2 ? 2 : -1, 1)]);
        return c.ResultType() == OnnxTypes.Long ? numbers : c.Emit("Cast", [numbers], ("to", (long)c.ResultType()));
    }

    private static string[] Cast(ExportCall c)
        => [c.ResultType() == c.TypeOf(0) ? c.Emit("Identity", [c[0]])
        : c.Emit("Cast", [c[0]], ("to", (long)c.ResultType()))];

    private static string Filled(ExportCall c, double value)
        => c.Emit("Expand", [c.File.Number(value, c.ResultType()), c.File.Sizes(c.Result())]);
}
