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
        ["addmm"] = c => [c.File.Turned(c[2]) is { } weight ? c.Emit("Gemm", [c[1], weight, c[0]], ("transB", 1L))
            : c.Emit("Gemm", [c[1], c[2], c[0]])],
        ["matmul"] = Product,
        ["mm"] = Product,
        ["bmm"] = Product,
        ["baddbmm"] = c => c.Number(3) != 1 || c.Number(4) != 1 ? throw c.Cannot("weighs its sum")
            : [c.Emit("Add", [c[0], c.Emit("MatMul", [c[1], c[2]])])],
        ["bilinear"] = c => [Bilinear(c)],
        ["embedding"] = c => [c.Emit("Gather", [c[0], c[1]])],
        ["batch_norm"] = c => c.Flag(5) ? throw c.Cannot("normalises by the batch")
            : [c.Emit("BatchNormalization", [c[0], c[1], c[2], c[3], c[4]], ("epsilon", (float)c.Number(7)),
            ("momentum", (float)(1 - c.Number(6))))],
        ["layer_norm"] = LayerNorm,
        ["group_norm"] = GroupNorm,
        ["instance_norm"] =
            c => [c.IsTensor(1) ? c.Emit("InstanceNormalization", [c[0], c[1], c[2]], ("epsilon", (float)c.Number(7)))
            : c.SizesOf(0)[1].Fixed is var channels
            ? c.Emit("InstanceNormalization", [c[0], Filled(c, channels, 1), Filled(c, channels, 0)],
            ("epsilon", (float)c.Number(7))) : ""],
        ["max_pool1d"] = c => [MaxPool(c, 1)],
        ["max_pool2d"] = c => [MaxPool(c, 2)],
        ["max_pool3d"] = c => [MaxPool(c, 3)],
        ["avg_pool1d"] = c => [AvgPool(c, 1)],
        ["avg_pool2d"] = c => [AvgPool(c, 2)],
        ["avg_pool3d"] = c => [AvgPool(c, 3)],
        ["adaptive_avg_pool1d"] = c => [Adaptive(c, 1, "Average")],
        ["adaptive_avg_pool2d"] = c => [Adaptive(c, 2, "Average")],
        ["adaptive_max_pool2d"] = c => [Adaptive(c, 2, "Max")],
        ["upsample_nearest2d"] = c => [Resize(c, "nearest", "asymmetric")],
        ["upsample_bilinear2d"] = c => [Resize(c, "linear", c.Flag(2) ? "align_corners" : "half_pixel")],
        ["grid_sampler"] = c => [c.Emit("GridSample", [c[0], c[1]],
            ("mode", c.Long(2) switch { 0 => "bilinear", 1 => "nearest", _ => "bicubic" }),
            ("padding_mode", c.Long(3) switch { 0 => "zeros", 1 => "border", _ => "reflection" }),
            ("align_corners", c.Flag(4) ? 1L : 0L))],
        ["scaled_dot_product_attention"] = Attention,
        ["dropout"] = c => [c.Emit("Identity", [c[0]])],
    };

    private static string Conv(ExportCall c, int space)
        => c.Emit("Conv", [c[0], c[1], c.Maybe(2)],
        ("kernel_shape", c.SizesOf(1).Skip(2).Select(e => e.Fixed).ToArray()),
        ("strides", c.Each(3, space, 1)), ("pads", Twice(c.Each(4, space, 0))), ("dilations", c.Each(5, space, 1)),
            ("group", c.Long(6)));

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
        var kernel = c.Each(1, space, 1);
        return c.Emit("AveragePool", [c[0]], ("kernel_shape", kernel),
            ("strides", c.Longs(2).Length > 0 ? c.Each(2, space, 1) : kernel), ("pads", Twice(c.Each(3, space, 0))),
            ("ceil_mode", c.Flag(4) ? 1L : 0L), ("count_include_pad", c.Flag(5) ? 1L : 0L));
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

    private static string Resize(ExportCall c, string mode, string coordinates)
    {
        var (from, to) = (c.SizesOf(0), c.Result());
        var scales = new[] { 1f, 1f, (float)to[2].Fixed / from[2].Fixed, (float)to[3].Fixed / from[3].Fixed };
        using var numbers = TorchSharp.torch.tensor(scales);
        var name = c.File.Weight(numbers, $"scales{scales[2]}_{scales[3]}");
        return mode == "nearest"
            ? c.Emit("Resize", [c[0], "", name], ("mode", mode), ("coordinate_transformation_mode", coordinates),
            ("nearest_mode", "floor"))
            : c.Emit("Resize", [c[0], "", name], ("mode", mode), ("coordinate_transformation_mode", coordinates));
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
