using Interactive.Runtime;

namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>Over some dimensions: sums, extremes, their places, orders.</summary>
internal static class ReductionExports
{
    private static readonly string[] AxesSinceOpset13 = ["ReduceSum"]; // as an input; of the others since 18

    public static readonly Dictionary<string, Write> All = new()
    {
        ["mean"] = Reduce("ReduceMean"),
        ["sum"] = Reduce("ReduceSum"),
        ["amax"] = Reduce("ReduceMax"),
        ["amin"] = Reduce("ReduceMin"),
        ["logsumexp"] = Reduce("ReduceLogSumExp"),
        ["prod"] = Reduce("ReduceProd"),
        ["any"] = Truth("ReduceMax"),
        ["all"] = Truth("ReduceMin"),
        ["cosine_similarity"] = c => [Cosine(c)],
        ["pairwise_distance"] = c => [Distance(c)],
        ["var_mean"] = c => [Variance(c), Mean(c)],
        ["std_mean"] = c => [c.Emit("Sqrt", [Variance(c)]), Mean(c)],
        ["var"] = c => [Variance(c)],
        ["std"] = c => [c.Emit("Sqrt", [Variance(c)])],
        ["norm"] = Norm,
        ["linalg_vector_norm"] = Norm,
        ["max"] = c => Extreme(c, "Max"),
        ["min"] = c => Extreme(c, "Min"),
        ["argmax"] = c => [Place(c, "ArgMax")],
        ["argmin"] = c => [Place(c, "ArgMin")],
        ["topk"] = c => Top(c, c.Long(1), c.Long(2), c.Flag(3)),
        ["sort"] = Sorted,
        ["argsort"] = c => [Sorted(c)[1]],
    };

    private static Write Reduce(string name) => c => [Over(c, name, c.As(0), 1, 2)];

    // ONNX reduces no truths.
    private static Write Truth(string name)
        => c => [c.Emit("Cast", [Over(c, name, c.Emit("Cast", [c.As(0, OnnxTypes.Bool)], ("to", (long)OnnxTypes.Int)), 1, 2)], ("to", (long)OnnxTypes.Bool))];

    // Over the dimensions that an argument gives, all where it gives none.
    private static string Over(ExportCall c, string name, string value, int dimensions, int keep)
    {
        // (x, type) reduces all of it
        var axes = c.IsNone(dimensions) || c.Count <= keep ? [] : c.IsList(dimensions) ? c.Longs(dimensions) : [c.Long(dimensions)];
        return axes.Length == 0 ? c.Emit(name, [value], ("keepdims", c.Count > keep && c.Flag(keep) ? 1L : 0L)) : Over(c, name, value, axes, c.Flag(keep));
    }

    private static string Over(ExportCall c, string name, string value, long[] axes, bool keep)
        => ExportFile.Opset < (AxesSinceOpset13.Contains(name) ? 13 : 18)
            ? c.Emit(name, [value], ("axes", axes), ("keepdims", keep ? 1L : 0L))
            : c.Emit(name, [value, c.List(axes)], ("keepdims", keep ? 1L : 0L));

    // (a, b, dimension, least length)
    private static string Cosine(ExportCall c)
    {
        long[] axis = [c.Long(2)];
        string Length(int i) => c.Emit("Max", [Over(c, "ReduceL2", c.As(i), axis, keep: false), c.File.Number(c.Number(3), c.ResultType())]);
        return c.Emit("Div", [Over(c, "ReduceSum", c.Emit("Mul", [c.As(0), c.As(1)]), axis, keep: false), c.Emit("Mul", [Length(0), Length(1)])]);
    }

    // (a, b, order, a small number, keep)
    private static string Distance(ExportCall c)
    {
        var apart = c.Emit("Add", [c.Emit("Sub", [c.As(0), c.As(1)]), c.File.Number(c.Number(3), c.ResultType())]);
        var name = c.Number(2) switch { 1 => "ReduceL1", 2 => "ReduceL2", var order => throw c.Cannot($"takes a distance of order {order}: 1 and 2 can be") };
        return Over(c, name, apart, [-1], c.Flag(4));
    }

    private static long[] Axes(ExportCall c) => !c.IsNone(1) && c.IsList(1) && c.Longs(1) is { Length: > 0 } given ? given
        : [.. Enumerable.Range(0, c.Rank(0)).Select(i => (long)i)];

    private static string Mean(ExportCall c) => Over(c, "ReduceMean", c[0], Axes(c), keep: c.Count > 3 && c.Flag(3));

    // (x, unbiased), (x, dimensions, unbiased, keep) or (x, dimensions, correction, keep)
    private static string Variance(ExportCall c)
    {
        var (rank, axes) = (c.Rank(0), Axes(c));
        var last = c.Count == 2 ? 1 : 2;
        var correction = c.IsNone(last) ? 1 : c.IsFlag(last) ? c.Flag(last) ? 1 : 0 : c.Number(last);
        var apart = c.Emit("Sub", [c[0], Over(c, "ReduceMean", c[0], axes, keep: true)]);
        var mean = Over(c, "ReduceMean", c.Emit("Mul", [apart, apart]), axes, keep: c.Count > 3 && c.Flag(3));
        if (correction == 0) return mean;
        double count = 1;
        foreach (var size in axes.Select(a => c.SizesOf(0)[a < 0 ? a + rank : a]))
            count *= size.PerSample == 0 ? size.Fixed : throw c.Cannot("takes an unbiased variance over the batch");
        return c.Emit("Mul", [mean, c.File.Number(count / (count - correction), c.TypeOf(0))]);
    }

    // (x, order, dimensions, keep)
    private static string[] Norm(ExportCall c)
    {
        var order = c.IsNone(1) ? 2 : c.Number(1);
        string Magnitudes() => c.Emit("Abs", [c[0]]);
        if (double.IsPositiveInfinity(order)) return [Over(c, "ReduceMax", Magnitudes(), 2, 3)];
        if (double.IsNegativeInfinity(order)) return [Over(c, "ReduceMin", Magnitudes(), 2, 3)];
        if (order is 1 or 2) return [Over(c, order == 1 ? "ReduceL1" : "ReduceL2", c[0], 2, 3)];
        if (order == 0) throw c.Cannot("counts what is not 0");
        var sum = Over(c, "ReduceSum", c.Emit("Pow", [Magnitudes(), c.File.Number(order, c.TypeOf(0))]), 2, 3);
        return [c.Emit("Pow", [sum, c.File.Number(1 / order, c.TypeOf(0))])];
    }

    // (x), (x, other) or (x, dimension, keep)
    private static string[] Extreme(ExportCall c, string name)
    {
        if (c.IsTensor(1)) return [c.Emit(name, [c.As(0), c.As(1)])];
        if (c.Count < 2) return [c.Emit("Reduce" + name, [c[0]], ("keepdims", 0L))];
        return [Over(c, "Reduce" + name, c[0], [c.Long(1)], c.Flag(2)), c.Emit("Arg" + name, [c[0]], ("axis", c.Long(1)), ("keepdims", c.Flag(2) ? 1L : 0L))];
    }

    private static string Place(ExportCall c, string name)
        => c.IsNone(1) ? c.Emit(name, [c.Emit("Reshape", [c[0], c.List(-1)])], ("axis", 0L), ("keepdims", 0L))
            : c.Emit(name, [c[0]], ("axis", c.Long(1)), ("keepdims", c.Flag(2) ? 1L : 0L));

    // (x, dimension, descending) or (x, stable, dimension, descending); the order of equal numbers is as ONNX Runtime has it
    private static string[] Sorted(ExportCall c)
    {
        var at = c.IsFlag(1) || c.Count == 4 ? 2 : 1;
        var axis = c.Axis(at, c.Rank(0));
        var size = c.SizesOf(0)[axis];
        return size.PerSample == 0 ? Top(c, size.Fixed, axis, c.Flag(at + 1)) : throw c.Cannot("sorts over the batch");
    }

    private static string[] Top(ExportCall c, long count, long axis, bool largest)
        => c.File.Emit("TopK", [c[0], c.List(count)], 2, ("axis", axis), ("largest", largest ? 1L : 0L));
}
