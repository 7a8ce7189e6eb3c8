namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>Pools, images of other sizes, edges.</summary>
internal static class WindowExports
{
    public static readonly Dictionary<string, Write> All = new()
    {
        ["max_pool1d"] = c => [MaxPool(c, 1)],
        ["max_pool2d"] = c => [MaxPool(c, 2)],
        ["max_pool3d"] = c => [MaxPool(c, 3)],
        ["avg_pool1d"] = c => [AvgPool(c, 1)],
        ["avg_pool2d"] = c => [AvgPool(c, 2)],
        ["avg_pool3d"] = c => [AvgPool(c, 3)],
        ["adaptive_avg_pool1d"] = c => [Adaptive(c, 1, "Average")],
        ["adaptive_avg_pool2d"] = c => [Adaptive(c, 2, "Average")],
        ["adaptive_avg_pool3d"] = c => [Adaptive(c, 3, "Average")],
        ["adaptive_max_pool1d"] = c => [Adaptive(c, 1, "Max")],
        ["adaptive_max_pool2d"] = c => [Adaptive(c, 2, "Max")],
        ["adaptive_max_pool3d"] = c => [Adaptive(c, 3, "Max")],
        ["upsample_nearest1d"] = c => [Nearest(c, 1)],
        ["upsample_nearest2d"] = c => [Nearest(c, 2)],
        ["upsample_nearest3d"] = c => [Nearest(c, 3)],
        ["_upsample_nearest_exact1d"] = c => [Nearest(c, 1, exact: true)],
        ["_upsample_nearest_exact2d"] = c => [Nearest(c, 2, exact: true)],
        ["_upsample_nearest_exact3d"] = c => [Nearest(c, 3, exact: true)],
        ["upsample_linear1d"] = c => [Mixed(c, 1, "linear")],
        ["upsample_bilinear2d"] = c => [Mixed(c, 2, "linear")],
        ["upsample_trilinear3d"] = c => [Mixed(c, 3, "linear")],
        ["upsample_bicubic2d"] = c => [Mixed(c, 2, "cubic", ("cubic_coeff_a", -0.75f))],
        ["grid_sampler"] = c => [c.Emit("GridSample", [c[0], c[1]],
            ("mode", c.Long(2) switch { 0 => "bilinear", 1 => "nearest", _ => "bicubic" }),
            ("padding_mode", c.Long(3) switch { 0 => "zeros", 1 => "border", _ => "reflection" }),
            ("align_corners", c.Flag(4) ? 1L : 0L))],
        ["pad"] = c => [Pad(c, c.Text(2) switch { "replicate" => "edge", var mode => mode }, c.IsNone(3) ? 0 : c.Number(3))],
        ["_pad_enum"] = c => [Pad(c, c.Long(2) switch { 0 => "reflect", 1 => "edge", 2 => "circular", _ => "constant" }, c.IsNone(3) ? 0 : c.Number(3))],
        ["constant_pad_nd"] = c => [Pad(c, "constant", c.Number(2))],
        ["im2col"] = c => [Columns(c)],
        ["pixel_shuffle"] = c => [c.Emit("DepthToSpace", [c[0]], ("blocksize", c.Long(1)), ("mode", "CRD"))],
        ["pixel_unshuffle"] = c => [Unshuffle(c)],
        ["channel_shuffle"] = c => [Turned(c, c.Long(1))],
    };

    /// <summary>The same pads before and after.</summary>
    public static long[] Twice(long[] pads) => [.. pads, .. pads];

    private static string MaxPool(ExportCall c, int space)
    {
        var kernel = c.Each(1, space, 1);
        return c.Emit("MaxPool", [c[0]], ("kernel_shape", kernel),
            ("strides", c.Longs(2).Length > 0 ? c.Each(2, space, 1) : kernel), ("pads", Twice(c.Each(3, space, 0))),
            ("dilations", c.Each(4, space, 1)), ("ceil_mode", c.Flag(5) ? 1L : 0L));
    }

    // (x, kernel, strides, pads, ceiling, counts edges, divisor)
    private static string AvgPool(ExportCall c, int space)
    {
        var kernel = c.Each(1, space, 1);
        var divided = !c.IsNone(6);
        if (divided && c.Flag(4)) throw c.Cannot("divides by a number of its own and rounds up");
        var y = c.Emit("AveragePool", [c[0]], ("kernel_shape", kernel),
            ("strides", c.Longs(2).Length > 0 ? c.Each(2, space, 1) : kernel), ("pads", Twice(c.Each(3, space, 0))),
            ("ceil_mode", c.Flag(4) ? 1L : 0L), ("count_include_pad", c.Flag(5) || divided ? 1L : 0L));
        return divided ? c.Emit("Mul", [y, c.File.Number(kernel.Aggregate(1.0, (a, k) => a * k) / c.Long(6), c.TypeOf(0))]) : y;
    }

    private static string Adaptive(ExportCall c, int space, string kind)
    {
        var (sizes, wanted) = (c.SizesOf(0)[^space..].Select(e => e.Fixed).ToArray(), c.Each(1, space, 1));
        if (wanted.All(w => w == 1)) return c.Emit($"Global{kind}Pool", [c[0]]);
        if (sizes.SequenceEqual(wanted)) return c.Emit("Identity", [c[0]]);
        if (sizes.Zip(wanted).Any(p => p.First % p.Second != 0))
            return kind == "Average" && space < 3 ? Overlapping(c, sizes, wanted)
                : throw c.Cannot($"pools {string.Join('x', sizes)} into {string.Join('x', wanted)} places, which overlap");
        long[] kernel = [.. sizes.Zip(wanted, (s, w) => s / w)];
        return c.Emit($"{kind}Pool", [c[0]], ("kernel_shape", kernel), ("strides", kernel));
    }

    // Windows of several sizes: a product from either side, with the shares of each place.
    private static string Overlapping(ExportCall c, long[] from, long[] to)
    {
        var y = c.Emit("MatMul", [c[0], c.Emit("Transpose", [Shares(from[^1], to[^1])], ("perm", new long[] { 1, 0 }))]);
        return from.Length == 1 ? y : c.Emit("MatMul", [Shares(from[0], to[0]), y]);

        string Shares(long before, long after)
        {
            using var shares = TorchSharp.torch.zeros(after, before);
            for (var i = 0L; i < after; i++)
            {
                long begin = i * before / after, end = ((i + 1) * before + after - 1) / after;
                shares.narrow(0, i, 1).narrow(1, begin, end - begin).fill_(1.0 / (end - begin));
            }
            return c.File.Weight(shares, $"shares{before}to{after}", c.TypeOf(0));
        }
    }

    private static string Nearest(ExportCall c, int space, bool exact = false)
        => Resize(c, "nearest", exact ? "half_pixel" : "asymmetric", c.Numbers(2, space), ("nearest_mode", exact ? "round_prefer_ceil" : "floor"));

    private static string Mixed(ExportCall c, int space, string mode, params (string, OnnxAttribute)[] settings)
        => c.Flag(2) ? Resize(c, mode, "align_corners", null, settings) : Resize(c, mode, "half_pixel", c.Numbers(3, space), settings);

    // Scales that were given count places, and not the sizes that came of them; scales that would give other sizes are left out.
    private static string Resize(ExportCall c, string mode, string coordinates, double[]? given, params (string, OnnxAttribute)[] settings)
    {
        long[] from = [.. c.SizesOf(0)[2..].Select(e => e.Fixed)], to = [.. c.Result()[2..].Select(e => e.Fixed)];
        float[] scales = [.. from.Select((f, d) => (float)(given?[d] ?? (double)to[d] / f))];
        settings = [("mode", mode), ("coordinate_transformation_mode", coordinates), .. settings];
        if (Enumerable.Range(0, from.Length).All(d => (long)(from[d] * scales[d]) == to[d]))
        {
            using var numbers = TorchSharp.torch.tensor([1f, 1f, .. scales]);
            return c.Emit("Resize", [c[0], "", c.File.Weight(numbers, $"scales{string.Join('_', scales)}")], settings);
        }
        if (given is not null) throw c.Cannot($"resizes {string.Join('x', from)} by {string.Join(" and ", given)}, which ONNX rounds otherwise");
        return c.Emit("Resize", [c[0], "", "", c.List(to)], [.. settings, ("axes", Enumerable.Range(2, to.Length).Select(d => (long)d).ToArray())]);
    }

    private static string Pad(ExportCall c, string mode, double value)
    {
        var (rank, sides) = (c.Rank(0), c.Longs(1));
        if (mode == "circular") return Circling(c, rank, sides);
        var edges = new long[2 * rank];
        for (var i = 0; i < sides.Length / 2; i++)
            (edges[rank - 1 - i], edges[2 * rank - 1 - i]) = (sides[2 * i], sides[2 * i + 1]);
        return c.Emit("Pad",
            mode == "constant" ? [c[0], c.List(edges), c.File.Number(value, c.TypeOf(0))] : [c[0], c.List(edges)],
            ("mode", mode));
    }

    // Opset 18 has no such edges: the last places come before the first, and the first after the last.
    private static string Circling(ExportCall c, int rank, long[] sides)
    {
        var x = c[0];
        for (var i = 0; i < sides.Length / 2; i++)
        {
            var (axis, before, after) = (rank - 1L - i, sides[2 * i], sides[2 * i + 1]);
            if (before < 0 || after < 0) throw c.Cannot("pads by less than nothing in a circle");
            string Cut(long begin, long end) => c.Emit("Slice", [x, c.List(begin), c.List(end), c.List(axis)]);
            string[] parts = [.. before > 0 ? [Cut(-before, long.MaxValue)] : Array.Empty<string>(), x, .. after > 0 ? [Cut(0, after)] : Array.Empty<string>()];
            if (parts.Length > 1) x = c.Emit("Concat", parts, ("axis", axis));
        }
        return x;
    }

    // A convolution whose weights pick one number each.
    private static string Columns(ExportCall c)
    {
        var (channels, kernel) = (c.SizesOf(0)[1].Fixed, c.Each(1, 2, 1));
        var places = kernel[0] * kernel[1];
        using var one = TorchSharp.torch.eye(places).reshape(places, 1, kernel[0], kernel[1]);
        using var all = one.repeat(channels, 1, 1, 1);
        var rows = c.Emit("Conv", [c[0], c.File.Weight(all, $"places{channels}x{kernel[0]}x{kernel[1]}", c.TypeOf(0))], ("kernel_shape", kernel),
            ("dilations", c.Each(2, 2, 1)), ("pads", Twice(c.Each(3, 2, 0))), ("strides", c.Each(4, 2, 1)), ("group", channels));
        return c.File.Reshape(rows, c.Result());
    }

    // ONNX's SpaceToDepth puts the channels last.
    private static string Unshuffle(ExportCall c)
    {
        var (sizes, by) = (c.SizesOf(0), c.Long(1));
        if (sizes.Length != 4) throw c.Cannot($"takes {sizes.Length} dimensions");
        var parts = c.File.Reshape(c[0], [sizes[0], sizes[1], new(0, sizes[2].Fixed / by), new(0, by), new(0, sizes[3].Fixed / by), new(0, by)]);
        return c.File.Reshape(c.Emit("Transpose", [parts], ("perm", new long[] { 0, 1, 3, 5, 2, 4 })), c.Result());
    }

    private static string Turned(ExportCall c, long groups)
    {
        var sizes = c.SizesOf(0);
        var parts = c.File.Reshape(c[0], [sizes[0], new(0, groups), new(0, sizes[1].Fixed / groups), .. sizes[2..]]);
        return c.File.Reshape(c.Emit("Transpose", [parts], ("perm", new long[] { 0, 2, 1 }.Concat(Enumerable.Range(3, sizes.Length - 2).Select(d => (long)d)).ToArray())), sizes);
    }
}
