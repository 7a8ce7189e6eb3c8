using Interactive.Graphs;

namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>Numbers taken from places and put into places.</summary>
internal static class PlaceExports
{
    public static readonly Dictionary<string, Write> All = new()
    {
        ["index_select"] = c => [c.Emit("Gather", [c[0], c[2]], ("axis", c.Long(1)))],
        ["gather"] = c => [c.Emit("GatherElements", [c[0], c[2]], ("axis", c.Long(1)))],
        ["take_along_dim"] = c => [Along(c)],
        ["index"] = c => [Picked(c)],
        ["scatter"] = c => [Scattered(c, c.IsTensor(3) ? Fitting(c) : c.Emit("Expand", [c.As(3), c.File.Sizes(c.SizesOf(2))]))],
        ["scatter_add"] = c => [Scattered(c, Fitting(c), ("reduction", "add"))],
        ["one_hot"] = c => [c.Emit("OneHot", [c[0], c.File.Whole(c.Result()[^1].Fixed), c.List(0, 1)])],
        ["flip"] = c => [c.Longs(1).Aggregate(c[0],
            (x, d) => c.Emit("Slice", [x, c.List(-1), c.List(long.MinValue), c.List(d), c.List(-1)]))],
        ["roll"] = c => [Rolled(c)],
    };

    private static string Scattered(ExportCall c, string values, params (string, OnnxAttribute)[] settings)
        => c.Emit("ScatterElements", [c[0], c[2], values], [("axis", c.Long(1)), .. settings]);

    // libtorch takes as many of the numbers as there are places; ONNX wants just so many.
    private static string Fitting(ExportCall c)
    {
        Extent[] places = c.SizesOf(2), numbers = c.SizesOf(3);
        var value = c.As(3, c.TypeOf(0));
        for (var d = 0; d < places.Length; d++)
            if (places[d] != numbers[d]) value = c.Emit("Slice", [value, c.List(0), c.File.Sizes([places[d]]), c.List(d)]);
        return value;
    }

    private static string Along(ExportCall c)
    {
        var axis = c.IsNone(2) ? throw c.Cannot("picks from the numbers of all samples as one") : c.Axis(2, c.Rank(0));
        Extent[] x = c.SizesOf(0), places = c.SizesOf(1);
        return x.Length == places.Length && Enumerable.Range(0, x.Length).All(d => d == axis || x[d] == places[d])
            ? c.Emit("GatherElements", [c[0], c[1]], ("axis", axis)) : throw c.Cannot("stretches what it picks by");
    }

    // One list of places is what Gather takes. Several, side by side: their dimensions become one, in which the places are counted.
    private static string Picked(ExportCall c)
    {
        var given = c.Given(1);
        int first = Array.IndexOf(given, true), count = given.Count(g => g);
        var (lists, types, sizes) = (c.Names(1), c.TypesOfList(1), c.SizesOf(0));
        if (Array.LastIndexOf(given, true) != first + count - 1) throw c.Cannot("picks by lists of places with a dimension between them");
        if (types.Contains(OnnxTypes.Bool))
        {
            if (count > 1 || c.SizesOfList(1)[0].Length > 1 || !c.File.Model.Graph.Weights.TryGetValue(lists[0], out var mask)) throw c.Cannot("picks by a mask");
            var chosen = mask.ToNumbers().Select((flag, place) => (flag, place)).Where(p => p.flag != 0).Select(p => (long)p.place);
            return c.Emit("Gather", [c[0], c.List([.. chosen])], ("axis", (long)first));
        }
        if (count == 1) return c.Emit("Gather", [c[0], lists[0]], ("axis", (long)first));
        string? at = null;
        Extent all = new(0, 1);
        for (var i = 0; i < count; i++)
        {
            var size = sizes[first + i];
            if (i > 0 && size.PerSample != 0) throw c.Cannot("picks samples by a list that is not the first");
            var own = types[i] == OnnxTypes.Long ? lists[i] : c.Emit("Cast", [lists[i]], ("to", (long)OnnxTypes.Long));
            // from the end where it is negative
            own = c.Emit("Mod", [own, size.PerSample == 0 ? c.File.Whole(size.Fixed) : c.Emit("Squeeze", [c.File.Sizes([size])])]);
            at = at is null ? own : c.Emit("Add", [c.Emit("Mul", [at, c.File.Whole(size.Fixed)]), own]);
            all = i == 0 ? size : new(all.PerSample * size.Fixed, all.Fixed * size.Fixed);
        }
        return c.Emit("Gather", [c.File.Reshape(c[0], [.. sizes[..first], all, .. sizes[(first + count)..]]), at!], ("axis", (long)first));
    }

    private static string Rolled(ExportCall c)
    {
        var (x, sizes) = (c[0], c.SizesOf(0));
        if (c.Longs(2).Length == 0) throw c.Cannot("rolls the numbers of all samples as one");
        foreach (var (given, dimension) in c.Longs(1).Zip(c.Longs(2)))
        {
            var axis = dimension < 0 ? dimension + sizes.Length : dimension;
            var size = sizes[axis].PerSample == 0 ? sizes[axis].Fixed : throw c.Cannot("rolls the samples");
            var shift = size == 0 ? 0 : (given % size + size) % size;
            if (shift == 0) continue;
            var cut = c.List(-shift); // the last ones come first
            x = c.Emit("Concat", [c.Emit("Slice", [x, cut, c.List(long.MaxValue), c.List(axis)]),
                c.Emit("Slice", [x, c.List(0), cut, c.List(axis)])], ("axis", axis));
        }
        return x == c[0] ? c.Emit("Identity", [x]) : x;
    }
}
