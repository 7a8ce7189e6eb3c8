using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Images of another height and width.</summary>
internal static class Resizing
{
    private const double Close = 1e-6; // of a scale's share: files hold them in four bytes

    /// <summary>Opsets 7 to 9.</summary>
    public static Tensor Upsample(OnnxCall c)
    {
        var scales = c.Setting("scales") is { } given ? [.. given.Floats.Select(f => (double)f)] : Numbers(c, 1);
        return To(c, Sizes(c[0], scales), scales, "asymmetric", "floor");
    }

    /// <summary>From opset 10 on.</summary>
    public static Tensor Resize(OnnxCall c)
    {
        if (c.Long("antialias", 0) == 1)
            throw new InvalidDataException("it smooths what it makes smaller (antialias), which is not read");
        if (c.Text("keep_aspect_ratio_policy", "stretch") is not "stretch" and var policy)
            throw new InvalidDataException($"it keeps an image's proportions ({policy}), which is not read");
        var x = c[0];
        var (scalesAt, sizesAt) = c.Opset < 11 ? (1, -1) : (2, 3);
        var axes = c.Longs("axes")?.Select(a => OnnxCall.Axis(a, x.dim())).ToArray()
            ?? [.. Enumerable.Range(0, (int)x.dim()).Select(d => (long)d)];
        var (sizes, scales) = (x.shape, new double[x.dim()]);
        Array.Fill(scales, 1);
        if (sizesAt > 0 && c.Has(sizesAt) && c[sizesAt].numel() > 0)
            foreach (var (axis,
                size) in axes.Zip(Fit(c.Longs(sizesAt), axes))) (sizes[axis], scales[axis]) = (size,
                (double)size / x.shape[axis]);
        else
        {
            foreach (var (axis, scale) in axes.Zip(Fit(Numbers(c, scalesAt), axes))) scales[axis] = scale;
            sizes = Sizes(x, scales);
        }
        return To(c, sizes, scales,
            c.Text("coordinate_transformation_mode", c.Opset < 11 ? "asymmetric" : "half_pixel"),
            c.Text("nearest_mode", c.Opset < 11 ? "floor" : "round_prefer_floor"));
    }

    private static T[] Fit<T>(T[] numbers, long[] axes)
        => numbers.Length == axes.Length ? numbers
        : throw new InvalidDataException($"it has {numbers.Length} scales or sizes for {axes.Length} dimensions");

    private static double[] Numbers(OnnxCall c, int index)
    {
        using var scope = NewDisposeScope();
        using var paused = Runtime.CallRecorder.Pause();
        return c.IsKnown(index) ? [.. c[index].to_type(ScalarType.Float64).data<double>()]
            : throw new InvalidDataException("its scales depend on the data");
    }

    private static long[] Sizes(Tensor x, double[] scales)
        => scales.Length == x.dim() ? [.. x.shape.Zip(scales, (s, f) => (long)Math.Floor(s * f + Close))]
        : throw new InvalidDataException($"it has {scales.Length} scales for {x.dim()} dimensions");

    private static Tensor To(OnnxCall c, long[] sizes, double[] scales, string coordinates, string nearest)
    {
        var (x, mode) = (c[0], c.Text("mode", "nearest"));
        if (sizes.Length != x.dim() || x.dim() is < 3 or > 5
            || sizes[0] != x.shape[0] && sizes[1] == x.shape[1] && sizes[0] != 1 || sizes[1] != x.shape[1])
            throw new InvalidDataException($"it resizes {string.Join('x', x.shape)} to {string.Join('x', sizes)}: height and width of images are resized");
        var image = Arrangements.Bounded(sizes)[2..];
        if (image.Any(s => s < 1)) throw new InvalidDataException($"it resizes {string.Join('x', x.shape)} to {string.Join('x', sizes)}: nothing is left");
        var space = Enumerable.Range(2, image.Length).ToArray();
        var exact = space.All(d => Math.Abs(x.shape[d] * scales[d] - sizes[d]) <= Close * sizes[d]);
        // libtorch's way today
        var ownEdges = coordinates is "half_pixel" || coordinates is "pytorch_half_pixel" && image.All(s => s > 1);
        switch (mode)
        {
            case "nearest" when exact
                && (coordinates == "asymmetric" && nearest == "floor"
                || coordinates == "half_pixel" && nearest == "round_prefer_floor"
                && space.All(d => sizes[d] % x.shape[d] == 0)):
                return nn.functional.interpolate(x, image, mode: InterpolationMode.Nearest);
            case "nearest":
                return Along((y, d, matrix) => matrix.Nearest(y, d, nearest));
            case "linear" or "bilinear" when coordinates == "align_corners" || ownEdges && exact:
                return nn.functional.interpolate(x, image,
                    mode: x.dim() == 3 ? InterpolationMode.Linear
                    : x.dim() == 4 ? InterpolationMode.Bilinear : InterpolationMode.Trilinear,
                    align_corners: coordinates == "align_corners");
            case "linear" or "bilinear":
                return Along((y, d, matrix) => matrix.Mixed(y, d, null, c.Long("exclude_outside", 0) == 1));
            case "cubic" when x.dim() == 4 && (coordinates == "align_corners" || ownEdges && exact)
                && c.Float("cubic_coeff_a", -0.75) == -0.75 && c.Long("exclude_outside", 0) == 0:
                return nn.functional.interpolate(x, image, mode: InterpolationMode.Bicubic,
                    align_corners: coordinates == "align_corners");
            case "cubic":
                return Along((y, d, matrix)
                    => matrix.Mixed(y, d, c.Float("cubic_coeff_a", -0.75), c.Long("exclude_outside", 0) == 1));
            default:
                throw new InvalidDataException($"it resizes by {mode}");
        }

        Tensor Along(Func<Tensor, long, ResizeMatrix, Tensor> one)
            => space.Where(d => sizes[d] != x.shape[d]).Aggregate(x.alias(),
            (y, d) => one(y, d, new ResizeMatrix(coordinates, x.shape[d], sizes[d], scales[d])));
    }
}
