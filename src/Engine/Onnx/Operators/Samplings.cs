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
