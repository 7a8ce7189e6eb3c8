using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Numbers moved to places, or taken from between them.</summary>
internal static class Samplings
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["GridSample"] = OnnxOperator.Of(Grid),
        ["RoiAlign"] = OnnxOperator.Of(RoiAlign),
        ["MaxUnpool"] = OnnxOperator.Of(Unpool),
        ["ReverseSequence"] = OnnxOperator.Of(Reverse),
        ["Compress"] = OnnxOperator.Of(Compress),
    };

    private static Tensor Grid(OnnxCall c)
    {
        var (x, grid) = (c[0], c[1]);
        var mode = c.Text("mode", "linear") switch
        {
            "bilinear" or "linear" => 0L,
            "nearest" => 1L,
            "bicubic" or "cubic" when x.dim() == 4 => 2L,
            var other => throw new InvalidDataException($"it samples by {other} over {x.dim() - 2} dimensions"),
        };
        var edge = c.Text("padding_mode", "zeros") switch
        {
            "zeros" => 0L,
            "border" => 1L,
            "reflection" => 2L,
            var other => throw new InvalidDataException($"it fills up by {other}"),
        };
        if (x.dim() is not (4 or 5) || grid.dim() != x.dim() || grid.shape[^1] != x.dim() - 2
            || grid.shape[0] != x.shape[0] || !x.is_floating_point() || x.dtype != grid.dtype)
            throw new InvalidDataException($"its grid of {string.Join('x', grid.shape)} does not fit {string.Join('x', x.shape)}");
        Span<nint> result = [0];
        Aten.Call("grid_sampler", "", result, x, grid, mode, edge, c.Long("align_corners", 0) == 1);
        return Tensor.UnsafeCreateTensor(result[0]);
    }

    // Means of so many points in each part of a window, each point between its four neighbours (He et al. 2017).
    private static Tensor RoiAlign(OnnxCall c)
    {
        var (x, windows, samples) = (c[0], c[1], c[2]);
        if (x.dim() != 4 || windows.dim() != 2 || windows.shape[1] != 4) throw new InvalidDataException($"its windows of {string.Join('x', windows.shape)} do not fit {string.Join('x', x.shape)}");
        if (c.Text("mode", "avg") != "avg") throw new InvalidDataException("it takes the largest of its points, which is not read");
        var points = c.Long("sampling_ratio", 0);
        if (points < 1) throw new InvalidDataException("its number of points follows the size of its windows, which is not read");
        var aligned = c.Text("coordinate_transformation_mode", c.Opset < 16 ? "output_half_pixel" : "half_pixel") == "half_pixel";
        long height = c.Long("output_height", 1), width = c.Long("output_width", 1);
        Arrangements.Bounded([windows.shape[0], x.shape[1], height * points, width * points]);
        var scaled = windows * c.Float("spatial_scale", 1) - (aligned ? 0.5 : 0);
        var (ys, insideY) = Places(1, height, x.shape[2]);
        var (xs, insideX) = Places(0, width, x.shape[3]);
        var shape = new[] { ys.shape[0], ys.shape[1], xs.shape[1] };
        var grid = stack([xs.unsqueeze(1).expand(shape), ys.unsqueeze(2).expand(shape)], 3).contiguous();
        Span<nint> result = [0];
        Aten.Call("grid_sampler", "", result, x.index_select(0, samples), grid, 0L, 1L, true); // linear, edges go on
        var inside = (insideY.unsqueeze(2) * insideX.unsqueeze(1)).unsqueeze(1);
        return nn.functional.avg_pool2d(Tensor.UnsafeCreateTensor(result[0]) * inside, points, points);

        // As a grid has them, from -1 to 1; what lies beyond a whole place outside is 0.
        (Tensor Places, Tensor Inside) Places(int first, long count, long size)
        {
            Tensor begin = scaled.narrow(1, first, 1), length = scaled.narrow(1, first + 2, 1) - begin;
            if (!aligned) length = length.clamp(min: 1);
            var place = begin + length * ((arange(count * points, x.dtype) + 0.5) / (count * points));
            return (place.clamp(0, size - 1) * (2.0 / Math.Max(1, size - 1)) - 1, ((place >= -1) * (place <= size)).to_type(x.dtype));
        }
    }

    // The places count through all samples and channels.
    private static Tensor Unpool(OnnxCall c)
    {
        var (x, kernel) = (c[0], c.Longs("kernel_shape") ?? throw new InvalidDataException("it lacks its kernel_shape"));
        var space = (int)x.dim() - 2;
        long[] strides = c.Longs("strides") ?? [.. kernel.Select(_ => 1L)], pads = c.Longs("pads") ?? new long[2 * space];
        if (space < 1 || kernel.Length != space || strides.Length != space || pads.Length != 2 * space)
            throw new InvalidDataException("its kernel, strides or pads do not fit its input");
        long[] sizes = Arrangements.Bounded([.. x.shape[..2], .. kernel
            .Select((k, d) => (x.shape[d + 2] - 1) * strides[d] + k - pads[d] - pads[d + space])]);
        var all = sizes.Aggregate(1L, (a, b) => a * b);
        var result = zeros([all], x.dtype, x.device).scatter(0, c[1].reshape(-1), x.reshape(-1)).reshape(sizes);
        if (!c.Has(2)) return result;
        var wanted = c.Longs(2);
        if (wanted.Length != x.dim()) throw new InvalidDataException($"its output has {wanted.Length} sizes, its input {x.dim()}");
        return Windows.Pad(result, [.. new long[space], .. wanted[2..].Zip(sizes[2..], (a, b) => a - b)], 0);
    }

    private static Tensor Reverse(OnnxCall c)
    {
        var (x, time, batch) = (c[0], c.Long("time_axis", 0), c.Long("batch_axis", 1));
        if ((time, batch) is not ((0, 1) or (1, 0)) || x.dim() < 2)
            throw new InvalidDataException($"its time is dimension {time} and its batch {batch} of {x.dim()}: 0 and 1 are read");
        var (step, length) = (arange(x.shape[time]).unsqueeze(batch), c[1].unsqueeze(time));
        var places = where(step < length, length - 1 - step, step);
        return x.gather(time, places.reshape([.. places.shape, .. x.shape[2..].Select(_ => 1L)]).expand(x.shape));
    }

    private static Tensor Compress(OnnxCall c)
    {
        var chosen = c.Longs(1).Select((flag, i) => (flag, Place: (long)i)).Where(p => p.flag != 0).Select(p => p.Place);
        return c.HasSetting("axis") ? c[0].index_select(OnnxCall.Axis(c.Long("axis", 0), c[0].dim()), tensor(chosen.ToArray()))
            : c[0].reshape(-1).index_select(0, tensor(chosen.ToArray()));
    }
}
