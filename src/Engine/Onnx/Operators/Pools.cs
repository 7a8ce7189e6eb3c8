using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Pools.</summary>
internal static class Pools
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["MaxPool"] = new(Max),
        ["AveragePool"] = OnnxOperator.Of(Average),
        ["GlobalAveragePool"] = OnnxOperator
            .Of(c => c[0].dim() == 4 ? nn.functional.adaptive_avg_pool2d(c[0], 1) : c[0].mean(Space(c[0]), true)),
        ["GlobalMaxPool"] = OnnxOperator.Of(c => c[0].amax(Space(c[0]), true)),
    };

    private static long[] Space(Tensor x) => [.. Enumerable.Range(2, (int)x.dim() - 2).Select(d => (long)d)];

    private static (long[] Kernel, long[] Strides, long[] Dilations, long[] Pads, bool Ceiling) Window(OnnxCall c)
    {
        var kernel = c.Longs("kernel_shape") ?? throw new InvalidDataException("it lacks its kernel_shape");
        if (kernel.Length != c[0].dim() - 2 || kernel.Length is < 1 or > 3)
            throw new InvalidDataException($"its kernel has {kernel.Length} dimensions and its input {c[0].dim()}");
        long[] ones = [.. kernel.Select(_ => 1L)], strides = c.Longs("strides") ?? ones,
            dilations = c.Longs("dilations") ?? ones;
        if (strides.Length != kernel.Length || dilations.Length != kernel.Length || strides.Any(s => s < 1))
            throw new InvalidDataException("its strides do not fit its kernel");
        return (kernel, strides, dilations, Windows.Pads(c, c[0].shape[2..], kernel, strides, dilations),
            c.Long("ceil_mode", 0) == 1);
    }

    private static Tensor[] Max(OnnxCall c)
    {
        var (x, (kernel, strides, dilations, pads, ceiling)) = (c[0], Window(c));
        var space = kernel.Length;
        var small = pads[..space].SequenceEqual(pads[space..])
            && pads[..space].Zip(kernel).All(p => p.First <= p.Second / 2);
        if (!small && c.Wants(1)) throw new InvalidDataException("it has uneven or wide edges and gives its places, which are not read");
        if (!small) (x, pads) = (Windows.Pad(x, pads, double.NegativeInfinity), new long[2 * space]);
        var padding = pads[..space];
        if (c.Wants(1)) return Placed(c, x, space switch
        {
            1 => nn.functional.max_pool1d_with_indices(x, kernel[0], strides[0], padding[0], dilations[0], ceiling),
            2 => nn.functional.max_pool2d_with_indices(x, kernel, strides, padding, dilations, ceiling),
            _ => nn.functional.max_pool3d_with_indices(x, kernel, strides, padding, dilations, ceiling),
        });
        return [space switch
        {
            1 => nn.functional.max_pool1d(x, kernel[0], strides[0], padding[0], dilations[0], ceiling),
            2 => nn.functional.max_pool2d(x, kernel, strides, padding, dilations, ceiling),
            _ => nn.functional.max_pool3d(x, kernel, strides, padding, dilations, ceiling),
        }];
    }

    // libtorch counts places through one channel, ONNX through all, and where asked to, columns first.
    private static Tensor[] Placed(OnnxCall c, Tensor x, (Tensor Numbers, Tensor Places) pooled)
    {
        var (sizes, places) = (x.shape, pooled.Places);
        if (c.Long("storage_order", 0) == 1 && sizes.Length == 4)
            places = places.remainder(sizes[3]) * sizes[2] + places.div(sizes[3], RoundingMode.floor);
        var channel = sizes[2..].Aggregate(1L, (a, b) => a * b);
        var begins = (arange(sizes[0] * sizes[1]) * channel)
            .reshape([sizes[0], sizes[1], .. sizes[2..].Select(_ => 1L)]);
        return [pooled.Numbers, places + begins];
    }

    private static Tensor Average(OnnxCall c)
    {
        var (x, (kernel, strides, dilations, pads, ceiling)) = (c[0], Window(c));
        if (dilations.Any(d => d != 1)) throw new InvalidDataException("its window has gaps, which are not read");
        var (space, counts) = (kernel.Length, c.Long("count_include_pad", 0) == 1);
        var small = pads[..space].SequenceEqual(pads[space..])
            && pads[..space].Zip(kernel).All(p => p.First <= p.Second / 2);
        if (small) return Pool(x, pads[..space], counts);
        var sum = Pool(Windows.Pad(x, pads, 0), new long[space], true);
        // how much of each window is not edge
        return counts ? sum : sum / Pool(Windows.Pad(ones_like(x), pads, 0), new long[space], true);

        Tensor Pool(Tensor y, long[] padding, bool counted) => space switch
        {
            1 => nn.functional.avg_pool1d(y, kernel[0], strides[0], padding[0], ceiling, counted),
            2 => nn.functional.avg_pool2d(y, kernel, strides, padding, ceiling, counted),
            _ => nn.functional.avg_pool3d(y, kernel, strides, padding, ceiling, counted),
        };
    }
}
