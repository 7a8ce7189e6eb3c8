using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>The same numbers in another shape or order, and new ones of a shape.</summary>
internal static class Arrangements
{
    private const long MostNumbers = 1L << 28; // of one tensor that a file asks for by its sizes alone

    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["Shape"] = OnnxOperator.Of(Shape),
        ["Size"] = OnnxOperator.Of(c => tensor(c[0].numel())),
        ["Constant"] = OnnxOperator.Of(Constant),
        ["ConstantOfShape"] = OnnxOperator.Of(c =>
        {
            var (sizes, value) = (c.Longs(0), c.Setting("value")?.Tensor);
            return full(Bounded(sizes), value is null ? 0 : value.ToNumbers()[0],
                value is null ? ScalarType.Float32 : OnnxTypes.ToTorch(value.Type));
        }),
        ["Range"] = OnnxOperator.Of(Range),
        ["EyeLike"] = OnnxOperator.Of(EyeLike),
        ["Reshape"] = OnnxOperator.Of(Reshape, 0),
        ["Flatten"] = OnnxOperator.Of(Flatten),
        ["Squeeze"] = OnnxOperator.Of(c => c.Longs("axes", 1) is { } axes
            ? axes.Select(a => OnnxCall.Axis(a, c[0].dim())).OrderDescending().Aggregate(c[0], (x, a) => x.squeeze(a))
            : c[0].squeeze(), 0),
        ["Unsqueeze"] = OnnxOperator.Of(c =>
        {
            var axes = c.Longs("axes", 1) ?? throw new InvalidDataException("it lacks its axes");
            return axes.Select(a => OnnxCall.Axis(a, c[0].dim() + axes.Length)).Order().Aggregate(c[0],
                (x, a) => x.unsqueeze(a));
        }, 0),
        ["Transpose"] = OnnxOperator.Of(c => c[0].permute(c.Longs("perm")
            ?? [.. Enumerable.Range(0, (int)c[0].dim()).Reverse().Select(i => (long)i)]), 0),
        ["Concat"] = OnnxOperator.Of(Concat, 0, 1, 2),
        ["Split"] = new(Split),
        ["Expand"] = OnnxOperator.Of(Expand, 0),
        ["Tile"] = OnnxOperator.Of(c =>
        {
            var times = c.Longs(1);
            Bounded([.. c[0].shape.Select((s, i) => checked(s * times[i]))]);
            return c[0].repeat(times);
        }, 0),
        ["Pad"] = OnnxOperator.Of(Pad),
        ["DepthToSpace"] = OnnxOperator.Of(DepthToSpace),
        ["SpaceToDepth"] = OnnxOperator.Of(SpaceToDepth),
        ["Trilu"] = OnnxOperator.Of(c =>
        {
            var k = c.Has(1) ? c.Longs(1)[0] : 0;
            return c.Long("upper", 1) == 1 ? c[0].triu(k) : c[0].tril(k);
        }),
        ["Resize"] = OnnxOperator.Of(Resizing.Resize),
        ["Upsample"] = OnnxOperator.Of(Resizing.Upsample),
    };

    /// <summary>Sizes, unless they ask for more than any net's tensor.</summary>
    public static long[] Bounded(long[] sizes)
        => sizes.All(s => s >= 0) && sizes.Aggregate(1.0, (a, b) => a * b) <= MostNumbers ? sizes
        : throw new InvalidDataException($"it asks for a tensor of {string.Join('x', sizes)} numbers");

    private static Tensor Shape(OnnxCall c)
    {
        var sizes = c[0].shape;
        long Edge(string name, long otherwise)
            => c.Long(name, otherwise) is var e && e < 0 ? Math.Max(0, e + sizes.Length) : Math.Min(e, sizes.Length);
        var (start, end) = ((int)Edge("start", 0), (int)Edge("end", sizes.Length));
        return tensor(start < end ? sizes[start..end] : []);
    }

    private static Tensor Constant(OnnxCall c)
    {
        if (c.Setting("value")?.Tensor is { } given) return given.ToTensor();
        if (c.Setting("value_float") is { } number) return tensor(number.Float);
        if (c.Setting("value_int") is { } whole) return tensor(whole.Long);
        if (c.Setting("value_floats") is { } numbers) return tensor(numbers.Floats.ToArray());
        if (c.Setting("value_ints") is { } wholes) return tensor(wholes.Longs.ToArray());
        throw new InvalidDataException("it holds no numbers");
    }

    private static Tensor Range(OnnxCall c)
    {
        double from = c.Number(0), to = c.Number(1), step = c.Number(2);
        if (step == 0) throw new InvalidDataException("it goes by steps of 0");
        Bounded([Math.Max(0, (long)Math.Ceiling(Math.Min(long.MaxValue / 2, (to - from) / step)))]);
        return c[0].is_floating_point() ? arange((Scalar)from, (Scalar)to, (Scalar)step, c[0].dtype)
            : arange((Scalar)(long)from, (Scalar)(long)to, (Scalar)(long)step, c[0].dtype);
    }

    private static Tensor EyeLike(OnnxCall c)
    {
        var type = c.HasSetting("dtype") ? OnnxTypes.ToTorch((int)c.Long("dtype", 1)) : c[0].dtype;
        var (rows, columns, k) = (c[0].shape[0], c[0].shape[1], c.Long("k", 0));
        return (arange(columns).unsqueeze(0) - arange(rows).unsqueeze(1)).eq(k).to_type(type);
    }

    private static Tensor Reshape(OnnxCall c)
    {
        var (x, sizes) = (c[0], c.Opset < 5 ? c.Longs("shape")! : c.Longs(1));
        if (c.Long("allowzero", 0) == 0)
            for (var i = 0; i < sizes.Length; i++)
                if (sizes[i] == 0)
                    sizes[i] = i < x.dim() ? x.shape[i]
                    : throw new InvalidDataException($"it keeps dimension {i} of {x.dim()}");
        return x.reshape(c.Widened(x, sizes));
    }

    private static Tensor Flatten(OnnxCall c)
    {
        var (x, axis) = (c[0], c.Long("axis", 1));
        if (axis < 0) axis += x.dim();
        if (axis == 1 && x.dim() > 1) return x.flatten(1);
        return x.reshape(x.shape.Take((int)axis).Aggregate(1L, (a, b) => a * b),
            x.shape.Skip((int)axis).Aggregate(1L, (a, b) => a * b));
    }

    // What is made for the file's batch alone, such as a class token, is repeated for each of its like.
    private static Tensor Concat(OnnxCall c)
    {
        var (parts, axis) = (c.All(), OnnxCall.Axis(c.Long("axis", c.Opset < 4 ? 1 : 0), c[0].dim()));
        for (var d = 0; c.Fixed is { } at && d < parts[0].dim(); d++)
            if (d != axis && parts.Any(p => p.shape[d] == c.Batch)) parts = [.. parts.Select(p => at.Repeated(p, d, c.Batch))];
        return cat(parts, axis);
    }

    private static Tensor[] Split(OnnxCall c)
    {
        var axis = OnnxCall.Axis(c.Long("axis", 0), c[0].dim());
        var parts = c.Longs("split", 1);
        if (parts is null)
        {
            var (size, count) = (c[0].shape[axis], c.Long("num_outputs", c.Outputs));
            if (count is < 1 or > 65536) throw new InvalidDataException($"it splits into {count} parts");
            var each = (size + count - 1) / count;
            parts = [.. Enumerable.Range(0, (int)count).Select(i => Math.Min(each, size - i * each))];
        }
        var start = 0L;
        return [.. parts.Select(length => c[0].narrow(axis, (start += length) - length, length))];
    }

    private static Tensor Expand(OnnxCall c)
    {
        var (x, sizes) = (c[0], c.Longs(1));
        if (sizes.Length < x.dim()) sizes = [.. Enumerable.Repeat(1L, (int)x.dim() - sizes.Length), .. sizes];
        for (var i = 1; i <= x.dim(); i++)
            if (sizes[^i] == 1 || sizes[^i] == -1) sizes[^i] = x.shape[^i];
        return x.expand(Bounded(sizes));
    }

    private static Tensor Pad(OnnxCall c)
    {
        var (x, edges) = (c[0],
            c.Longs("pads", 1) ?? c.Longs("paddings") ?? throw new InvalidDataException("it lacks its edges"));
        var axes = c.Has(3) ? c.Longs(3).Select(a => OnnxCall.Axis(a, x.dim())).ToArray()
            : [.. Enumerable.Range(0, edges.Length / 2).Select(i => (long)i)];
        var sides = new long[2 * x.dim()]; // from the last dimension on, before and after
        for (var i = 0; i < axes.Length; i++)
            (sides[2 * (x.dim() - 1 - axes[i])], sides[2 * (x.dim() - 1 - axes[i]) + 1]) = (edges[i],
            edges[i + axes.Length]);
        var last = Array.FindLastIndex(sides, s => s != 0);
        if (last < 0) return x.alias();
        sides = sides[..(last / 2 * 2 + 2)];
        Bounded([.. x.shape.Select((s, d)
            => (int)(x.dim() - 1 - d) is var at && 2 * at < sides.Length ? s + sides[2 * at] + sides[2 * at + 1] : s)]);
        var mode = c.Text("mode", "constant");
        if (mode == "constant")
            return nn.functional.pad(x, sides, PaddingModes.Constant,
            c.Opset < 11 ? c.Float("value", 0) : c.Has(2) ? c.Number(2) : 0);
        return nn.functional.pad(x, sides,
            mode switch
            {
                "reflect" => PaddingModes.Reflect,
                "edge" => PaddingModes.Replicate,
                "wrap" => PaddingModes.Circular,
                _ => throw new InvalidDataException($"it pads by {mode}")
            });
    }

    private static Tensor DepthToSpace(OnnxCall c)
    {
        var (x, b) = (c[0], c.Long("blocksize", 1));
        if (c.Text("mode", "DCR") == "CRD") return nn.functional.pixel_shuffle(x, b);
        var (h, w, d) = (x.shape[2], x.shape[3], x.shape[1] / (b * b));
        return x.reshape(x.shape[0], b, b, d, h, w).permute(0, 3, 4, 1, 5, 2).reshape(x.shape[0], d, h * b, w * b);
    }

    private static Tensor SpaceToDepth(OnnxCall c)
    {
        var (x, b) = (c[0], c.Long("blocksize", 1));
        var (channels, h, w) = (x.shape[1], x.shape[2] / b, x.shape[3] / b);
        return x.reshape(x.shape[0], channels, h, b, w, b).permute(0, 3, 5, 1, 2, 4).reshape(x.shape[0],
            channels * b * b, h, w);
    }
}
