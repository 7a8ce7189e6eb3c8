using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Images of another height and width.</summary>
internal static class Resizing
{
    /// <summary>Opsets 7 to 9.</summary>
    public static Tensor Upsample(OnnxCall c)
    {
        var scales = c.Setting("scales") is { } given ? [.. given.Floats.Select(f => (double)f)] : Numbers(c, 1);
        return To(c[0], Sizes(c[0], scales), c.Text("mode", "nearest"), alignCorners: false, "asymmetric", "floor");
    }

    /// <summary>From opset 10 on.</summary>
    public static Tensor Resize(OnnxCall c)
    {
        var x = c[0];
        var (scalesAt, sizesAt) = c.Opset < 11 ? (1, -1) : (2, 3);
        var sizes = sizesAt > 0 && c.Has(sizesAt) && c[sizesAt].numel() > 0 ? c.Longs(sizesAt) : Sizes(x, Numbers(c, scalesAt));
        if (c.Longs("axes") is { } axes)
        {
            var all = x.shape;
            for (var i = 0; i < axes.Length; i++) all[OnnxCall.Axis(axes[i], x.dim())] = sizes[i];
            sizes = all;
        }
        var coordinates = c.Text("coordinate_transformation_mode", c.Opset < 11 ? "asymmetric" : "half_pixel");
        return To(x, sizes, c.Text("mode", "nearest"), coordinates == "align_corners", coordinates, c.Text("nearest_mode", c.Opset < 11 ? "floor" : "round_prefer_floor"));
    }

    private static double[] Numbers(OnnxCall c, int index)
    {
        using var scope = NewDisposeScope();
        using var paused = Runtime.CallRecorder.Pause();
        return c.IsKnown(index) ? [.. c[index].to_type(ScalarType.Float64).data<double>()] : throw new InvalidDataException("its scales depend on the data");
    }

    private static long[] Sizes(Tensor x, double[] scales)
        => scales.Length == x.dim() ? [.. x.shape.Zip(scales, (s, f) => (long)Math.Floor(s * f + 1e-6))] : throw new InvalidDataException($"it has {scales.Length} scales for {x.dim()} dimensions");

    private static Tensor To(Tensor x, long[] sizes, string mode, bool alignCorners, string coordinates, string nearest)
    {
        if (sizes.Length != x.dim() || x.dim() is < 3 or > 5 || sizes[0] != x.shape[0] && sizes[1] == x.shape[1] && sizes[0] != 1 || sizes[1] != x.shape[1])
            throw new InvalidDataException($"it resizes {string.Join('x', x.shape)} to {string.Join('x', sizes)}: height and width of images are resized");
        var image = Arrangements.Bounded(sizes)[2..];
        if (mode == "nearest")
        {
            var whole = image.Select((s, i) => s % x.shape[i + 2] == 0).All(w => w);
            if (coordinates == "asymmetric" && nearest == "floor" || coordinates == "half_pixel" && nearest == "round_prefer_floor" && whole) return nn.functional.interpolate(x, image, mode: InterpolationMode.Nearest);
            throw new InvalidDataException($"it takes the nearest by {coordinates} and {nearest}: asymmetric and floor are read");
        }
        if (coordinates is not ("align_corners" or "half_pixel" or "pytorch_half_pixel")) throw new InvalidDataException($"it counts coordinates by {coordinates}: half_pixel, pytorch_half_pixel and align_corners are read");
        return mode switch
        {
            "linear" => nn.functional.interpolate(x, image, mode: x.dim() == 3 ? InterpolationMode.Linear : x.dim() == 4 ? InterpolationMode.Bilinear : InterpolationMode.Trilinear, align_corners: alignCorners),
            "cubic" when x.dim() == 4 => nn.functional.interpolate(x, image, mode: InterpolationMode.Bicubic, align_corners: alignCorners),
            _ => throw new InvalidDataException($"it resizes by {mode}"),
        };
    }
}
