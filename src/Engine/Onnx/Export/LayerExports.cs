namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>Layers with weights, pools and attention.</summary>
internal static class LayerExports
{
    public static readonly Dictionary<string, Write> All = new()
    {
        ["conv1d"] = c => [Conv(c, 1)],
        ["conv2d"] = c => [Conv(c, 2)],
        ["conv3d"] = c => [Conv(c, 3)],
        ["conv_transpose1d"] = c => [ConvTranspose(c, 1)],
        ["conv_transpose2d"] = c => [ConvTranspose(c, 2)],
        ["conv_transpose3d"] = c => [ConvTranspose(c, 3)],
        ["linear"] = c => [Linear(c, c[0], c[1], c.Maybe(2), c.Rank(0))],
        ["addmm"] = c => [c.File.Turned(c[2]) is { } weight ? Gemm(c, weight, 1) : Gemm(c, c[2], 0)],
        ["matmul"] = Product,
        ["mm"] = Product,
        ["bmm"] = Product,
        ["baddbmm"] = c => [c.Emit("Add", [Weighed(c, c[0], 3), Weighed(c, c.Emit("MatMul", [c[1], c[2]]), 4)])],
        ["bilinear"] = c => [Bilinear(c)],
        ["embedding"] = c => [c.Emit("Gather", [c[0], c[1]])],
        ["batch_norm"] = c => c.Flag(5) ? throw c.Cannot("normalises by the batch") : [BatchNorm(c)],
        ["layer_norm"] = LayerNorm,
        ["group_norm"] = GroupNorm,
        // which takes running statistics, where it has them, as a batch norm does
        ["instance_norm"] = c => [!c.Flag(5) && c.IsTensor(3) ? BatchNorm(c)
            : c.Emit("InstanceNormalization", [c[0], Scale(c), Shift(c)], ("epsilon", (float)c.Number(7)))],
        ["max_pool1d"] = c => [MaxPool(c, 1)],
        ["max_pool2d"] = c => [MaxPool(c, 2)],
        ["max_pool3d"] = c => [MaxPool(c, 3)],
        ["avg_pool1d"] = c => [AvgPool(c, 1)],
        ["avg_pool2d"] = c => [AvgPool(c, 2)],
        ["avg_pool3d"] = c => [AvgPool(c, 3)],
        ["adaptive_avg_pool1d"] = c => [Adaptive(c, 1, "Average")],
        ["adaptive_avg_pool2d"] = c => [Adaptive(c, 2, "Average")],
        ["adaptive_max_pool2d"] = c => [Adaptive(c, 2, "Max")],
        ["upsample_nearest1d"] = c => [Resize(c, "nearest", "asymmetric", 2)],
        ["upsample_nearest2d"] = c => [Resize(c, "nearest", "asymmetric", 2)],
        ["upsample_nearest3d"] = c => [Resize(c, "nearest", "asymmetric", 2)],
        ["upsample_linear1d"] = Stretched("linear"),
        ["upsample_bilinear2d"] = Stretched("linear"),
        ["upsample_trilinear3d"] = Stretched("linear"),
        ["upsample_bicubic2d"] = Stretched("cubic"),
        ["im2col"] = c => [Columns(c)],
        ["grid_sampler"] = c => [c.Emit("GridSample", [c[0], c[1]],
            ("mode", c.Long(2) switch { 0 => "bilinear", 1 => "nearest", _ => "bicubic" }),
            ("padding_mode", c.Long(3) switch { 0 => "zeros", 1 => "border", _ => "reflection" }),
            ("align_corners", c.Flag(4) ? 1L : 0L))],
        ["scaled_dot_product_attention"] = Attention,
        ["dropout"] = c => [c.Emit("Identity", [c[0]])],
    };

    private static string Conv(ExportCall c, int space)
    {
        long[] kernel = [.. c.SizesOf(1).Skip(2).Select(e => e.Fixed)];
        return c.Emit("Conv", [c[0], c[1], c.Maybe(2)], ("kernel_shape", kernel), ("strides", c.Each(3, space, 1)),
            ("pads", c.IsText(4) ? Named(c, kernel, c.Each(5, space, 1)) : Twice(c.Each(4, space, 0))),
            ("dilations", c.Each(5, space, 1)), ("group", c.Long(6)));
    }

    // "same" has the odd place at the end.
    private static long[] Named(ExportCall c, long[] kernel, long[] dilations)
    {
        var all = kernel.Zip(dilations, (k, d) => c.Text(4) == "same" ? d * (k - 1) : 0).ToArray();
        return [.. all.Select(p => p / 2), .. all.Select(p => p - p / 2)];
    }

    private static string BatchNorm(ExportCall c)
        => c.Emit("BatchNormalization", [c[0], Scale(c), Shift(c), c[3], c[4]], ("epsilon", (float)c.Number(7)),
        ("momentum", (float)(1 - c.Number(6))));

    // Of a norm without weights they are ones and zeros.
    private static string Scale(ExportCall c) => c.IsTensor(1) ? c[1] : Filled(c, c.SizesOf(0)[1].Fixed, 1);
    private static string Shift(ExportCall c) => c.IsTensor(2) ? c[2] : Filled(c, c.SizesOf(0)[1].Fixed, 0);

    private static string ConvTranspose(ExportCall c, int space)
        => c.Emit("ConvTranspose", [c[0], c[1], c.Maybe(2)],
        ("kernel_shape", c.SizesOf(1).Skip(2).Select(e => e.Fixed).ToArray()),
        ("strides", c.Each(3, space, 1)), ("pads", Twice(c.Each(4, space, 0))), ("output_padding", c.Each(5, space, 0)),
            ("group", c.Long(6)), ("dilations", c.Each(7, space, 1)));

    private static long[] Twice(long[] pads) => [.. pads, .. pads];

    private static string Linear(ExportCall c, string x, string weight, string bias, int rank)
    {
        if (rank == 2) return c.Emit("Gemm", [x, weight, bias], ("transB", 1L));
        var product = c.Emit("MatMul", [x, c.Emit("Transpose", [weight], ("perm", new long[] { 1, 0 }))]);
        return bias.Length == 0 ? product : c.Emit("Add", [product, bias]);
    }

    private static string Bilinear(ExportCall c)
    {
        var product = c.Emit("Einsum", [c[0], c[2], c[1]], ("equation", "...i,oij,...j->...o"));
        return c.IsTensor(3) ? c.Emit("Add", [product, c[3]]) : product;
    }

    private static string Weighed(ExportCall c, string sum, int factor)
        => c.IsNone(factor) || c.Number(factor) == 1 ? sum : c.Emit("Mul", [sum, c.File.Number(c.Number(factor), c.TypeOf(0))]);

    private static string Gemm(ExportCall c, string weight, long turned)
    {
        List<(string, OnnxAttribute)> settings = [];
        if (turned == 1) settings.Add(("transB", 1L));
        if (!c.IsNone(3) && c.Number(3) != 1) settings.Add(("beta", (float)c.Number(3)));
        if (!c.IsNone(4) && c.Number(4) != 1) settings.Add(("alpha", (float)c.Number(4)));
        return c.Emit("Gemm", [c[1], weight, c[0]], [.. settings]);
    }

    private static string[] Product(ExportCall c) => [c.Emit("MatMul", [c[0], c[1]])];

    private static string Filled(ExportCall c, long count, double value)
    {
        using var numbers = TorchSharp.torch.full([count], value);
        return c.File.Weight(numbers, $"filled{count}_{value}");
    }

    private static string[] LayerNorm(ExportCall c)
    {
        var sizes = c.Longs(1);
        using var ones = TorchSharp.torch.ones(sizes);
        var weight = c.IsTensor(2) ? c[2] : c.File.Weight(ones, $"ones{string.Join('x', sizes)}");
        return [c.Emit("LayerNormalization", [c[0], weight, c.Maybe(3)], ("axis", -(long)sizes.Length),
            ("epsilon", (float)c.Number(4)))];
    }

    // Opset 18's own operator scales groups in place of channels; so groups become channels of an instance norm.
    private static string[] GroupNorm(ExportCall c)
    {
        var (sizes, groups) = (c.SizesOf(0), c.Long(1));
        var rows = c.Emit("Reshape", [c[0], c.List(0, groups, -1)]);
        var normal = c.Emit("InstanceNormalization", [rows, Filled(c, groups, 1), Filled(c, groups, 0)],
            ("epsilon", (float)c.Number(4)));
        var y = c.File.Reshape(normal, sizes);
        var channels = sizes[1].Fixed;
        long[] along = [channels, .. Enumerable.Repeat(1L, sizes.Length - 2)];
        if (c.IsTensor(2)) y = c.Emit("Mul", [y, c.Emit("Reshape", [c[2], c.List(along)])]);
        return [c.IsTensor(3) ? c.Emit("Add", [y, c.Emit("Reshape", [c[3], c.List(along)])]) : y];
    }

    private static string MaxPool(ExportCall c, int space)
    {
        var kernel = c.Each(1, space, 1);
        return c.Emit("MaxPool", [c[0]], ("kernel_shape", kernel),
            ("strides", c.Longs(2).Length > 0 ? c.Each(2, space, 1) : kernel), ("pads", Twice(c.Each(3, space, 0))),
            ("dilations", c.Each(4, space, 1)), ("ceil_mode", c.Flag(5) ? 1L : 0L));
    }

    private static string AvgPool(ExportCall c, int space)
    {
        const int Divisor = 6;
        var kernel = c.Each(1, space, 1);
        var divides = !c.IsNone(Divisor);
        if (divides && c.Flag(4)) throw c.Cannot("divides windows over the edge by a number of its own");
        var pool = c.Emit("AveragePool", [c[0]], ("kernel_shape", kernel),
            ("strides", c.Longs(2).Length > 0 ? c.Each(2, space, 1) : kernel), ("pads", Twice(c.Each(3, space, 0))),
            ("ceil_mode", c.Flag(4) ? 1L : 0L), ("count_include_pad", divides || c.Flag(5) ? 1L : 0L));
        return divides ? c.Emit("Mul", [pool, c.File.Number(kernel.Aggregate(1.0, (a, b) => a * b) / c.Number(Divisor), c.TypeOf(0))]) : pool;
    }

    private static string Adaptive(ExportCall c, int space, string kind)
    {
        var (sizes, wanted) = (c.SizesOf(0)[^space..].Select(e => e.Fixed).ToArray(), c.Each(1, space, 1));
        if (wanted.All(w => w == 1)) return c.Emit($"Global{kind}Pool", [c[0]]);
        if (sizes.SequenceEqual(wanted)) return c.Emit("Identity", [c[0]]);
        if (sizes.Zip(wanted).Any(p => p.First % p.Second != 0))
            throw c.Cannot($"pools {string.Join('x', sizes)} into {string.Join('x', wanted)} places, which overlap");
        long[] kernel = [.. sizes.Zip(wanted, (s, w) => s / w)];
        return c.Emit($"{kind}Pool", [c[0]], ("kernel_shape", kernel), ("strides", kernel));
    }

    private static Write Stretched(string mode) => c => [Resize(c, mode, c.Flag(2) ? "align_corners" : "half_pixel", 3)];

    // Where a factor was given, libtorch reckons with it and not with the quotient of the sizes.
    private static string Resize(ExportCall c, string mode, string coordinates, int factors)
    {
        var (from, to) = (c.SizesOf(0), c.Result());
        var scales = new float[from.Length];
        for (var i = 0; i < scales.Length; i++)
            scales[i] = i < 2 ? 1 : Factor(i - 2) is { } given ? (float)given : (float)to[i].Fixed / from[i].Fixed;
        using var numbers = TorchSharp.torch.tensor(scales);
        var name = c.File.Weight(numbers, $"scales{string.Join('_', scales.Skip(2))}");
        List<(string, OnnxAttribute)> settings = [("mode", mode), ("coordinate_transformation_mode", coordinates)];
        if (mode == "nearest") settings.Add(("nearest_mode", "floor"));
        if (mode == "cubic") settings.Add(("cubic_coeff_a", -0.75f));
        return c.Emit("Resize", [c[0], "", name], [.. settings]);

        double? Factor(int dimension) => c.IsNone(factors) ? null
            : c.IsList(factors) ? c.Numbers(factors)[dimension] // "vec" overloads have one list
            : c.IsNone(factors + dimension) ? null : c.Number(factors + dimension);
    }

    // A convolution whose weights pick one number each.
    private static string Columns(ExportCall c)
    {
        var (channels, kernel) = (c.SizesOf(0)[1].Fixed, c.Each(1, 2, 1));
        var places = kernel[0] * kernel[1];
        using var one = TorchSharp.torch.eye(places).reshape(places, 1, kernel[0], kernel[1]);
        using var all = one.repeat(channels, 1, 1, 1);
        var weight = c.File.Weight(all, $"places{channels}x{kernel[0]}x{kernel[1]}");
        var rows = c.Emit("Conv", [c[0], weight], ("kernel_shape", kernel), ("dilations", c.Each(2, 2, 1)), ("pads", Twice(c.Each(3, 2, 0))),
            ("strides", c.Each(4, 2, 1)), ("group", channels));
        return c.File.Reshape(rows, c.Result());
    }

    // (q, k, v, mask, dropout, causal, scale)
    private static string[] Attention(ExportCall c)
    {
        var (rank, type) = (c.Rank(0), c.TypeOf(0));
        var (queries, keys) = (c.SizesOf(0), c.SizesOf(1));
        long[] turn = [.. Enumerable.Range(0, rank - 2).Select(i => (long)i), rank - 1, rank - 2];
        var scale = c.IsNone(6) ? 1 / Math.Sqrt(queries[^1].Fixed) : c.Number(6);
        var scores = c.Emit("Mul",
            [c.Emit("MatMul", [c[0], c.Emit("Transpose", [c[1]], ("perm", turn))]), c.File.Number(scale, type)]);
        if (c.Flag(5))
        {
            var (rows, columns) = (queries[^2].Fixed, keys[^2].Fixed);
            using var mask = TorchSharp.torch.full([rows, columns], double.NegativeInfinity).triu(1);
            scores = c.Emit("Add", [scores, c.File.Weight(mask, $"causal{rows}x{columns}")]);
        }
        else if (c.IsTensor(3))
            scores = c.Emit("Add",
                [scores,
                c.TypeOf(3) == OnnxTypes.Bool
                ? c.Emit("Where", [c[3], c.File.Number(0, type), c.File.Number(double.NegativeInfinity, type)])
                : c[3]]);
        return [c.Emit("MatMul", [c.Emit("Softmax", [scores], ("axis", -1L)), c[2]])];
    }
}
