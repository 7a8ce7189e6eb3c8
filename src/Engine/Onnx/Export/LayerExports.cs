namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>Layers with weights, and attention.</summary>
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
        ["addmm"] = c => [Product(c, c[1], c.File.Turned(c[2]))],
        ["matmul"] = Product,
        ["mm"] = Product,
        ["bmm"] = Product,
        ["mv"] = Product,
        ["dot"] = Product,
        ["baddbmm"] = c => [c.Emit("Add", [Times(c, c[0], c.Number(3)), Times(c, c.Emit("MatMul", [c[1], c[2]]), c.Number(4))])],
        ["bilinear"] = c => [Bilinear(c)],
        ["embedding"] = c => [c.Emit("Gather", [c[0], c[1]])],
        ["batch_norm"] = c => c.Flag(5) ? throw c.Cannot("normalises by the batch") : [Running(c, ("momentum", (float)(1 - c.Number(6))))],
        ["layer_norm"] = LayerNorm,
        ["group_norm"] = GroupNorm,
        ["instance_norm"] = c => [c.Flag(5)
            ? c.Emit("InstanceNormalization", [c[0], Scale(c, 1), Scale(c, 2)], ("epsilon", (float)c.Number(7))) : Running(c)],
        ["scaled_dot_product_attention"] = Attention,
        ["dropout"] = c => [c.Emit("Identity", [c[0]])],
    };

    private static string Conv(ExportCall c, int space)
        => c.Emit("Conv", [c[0], c[1], c.Maybe(2)],
        ("kernel_shape", c.SizesOf(1).Skip(2).Select(e => e.Fixed).ToArray()),
        ("strides", c.Each(3, space, 1)), ("pads", c.IsText(4) ? Same(c, space) : WindowExports.Twice(c.Each(4, space, 0))),
            ("dilations", c.Each(5, space, 1)), ("group", c.Long(6)));

    // "same": as many places as before; an odd one comes last.
    private static long[] Same(ExportCall c, int space)
    {
        if (c.Text(4) == "valid") return new long[2 * space];
        long[] all = [.. c.SizesOf(1).Skip(2).Zip(c.Each(5, space, 1), (kernel, gaps) => gaps * (kernel.Fixed - 1))];
        return [.. all.Select(pad => pad / 2), .. all.Select(pad => pad - pad / 2)];
    }

    private static string ConvTranspose(ExportCall c, int space)
        => c.Emit("ConvTranspose", [c[0], c[1], c.Maybe(2)],
        ("kernel_shape", c.SizesOf(1).Skip(2).Select(e => e.Fixed).ToArray()),
        ("strides", c.Each(3, space, 1)), ("pads", WindowExports.Twice(c.Each(4, space, 0))), ("output_padding", c.Each(5, space, 0)),
            ("group", c.Long(6)), ("dilations", c.Each(7, space, 1)));

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

    // (sum, a, b, beta, alpha); b may be the transpose of a weight
    private static string Product(ExportCall c, string a, string? weight)
    {
        (string, OnnxAttribute)[] settings = weight is null ? [] : [("transB", 1L)];
        if (c.Number(3) != 1) settings = [.. settings, ("beta", (float)c.Number(3))];
        if (c.Number(4) != 1) settings = [.. settings, ("alpha", (float)c.Number(4))];
        return c.Emit("Gemm", [a, weight ?? c[2], c[0]], settings);
    }

    private static string Times(ExportCall c, string value, double by) => by == 1 ? value : c.Emit("Mul", [value, c.File.Number(by, c.ResultType())]);

    // (x, scale, shift, means, variances, …, epsilon at 7), by what was seen in training
    private static string Running(ExportCall c, params (string, OnnxAttribute)[] settings)
        => c.Emit("BatchNormalization", [c[0], Scale(c, 1), Scale(c, 2), c[3], c[4]], [("epsilon", (float)c.Number(7)), .. settings]);

    // A scale or a shift of channels that may be left out, which ONNX asks for.
    private static string Scale(ExportCall c, int i) => c.IsTensor(i) ? c[i] : Filled(c, c.SizesOf(0)[1].Fixed, i == 1 ? 1 : 0);

    private static string Filled(ExportCall c, long count, double value)
    {
        using var numbers = TorchSharp.torch.full([count], value);
        return c.File.Weight(numbers, $"filled{count}_{value}", c.TypeOf(0));
    }

    private static string[] LayerNorm(ExportCall c)
    {
        var sizes = c.Longs(1);
        using var ones = TorchSharp.torch.ones(sizes);
        var weight = c.IsTensor(2) ? c[2] : c.File.Weight(ones, $"ones{string.Join('x', sizes)}", c.TypeOf(0));
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
            scores = c.Emit("Add", [scores, c.File.Weight(mask, $"causal{rows}x{columns}", type)]);
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
