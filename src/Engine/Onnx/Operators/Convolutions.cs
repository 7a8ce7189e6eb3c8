using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Convolutions.</summary>
internal static class Convolutions
{
    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        ["Conv"] = new(c => [Conv(c)], [1, 2], l => Layer(l, transposed: false)),
        ["ConvTranspose"] = new(c => [ConvTranspose(c)], [1, 2], l => Layer(l, transposed: true)),
    };

    private static nn.Module? Layer(OnnxLayer l, bool transposed)
    {
        if (!l.IsWeight(1) || !l.Lacks(2) && !l.IsWeight(2)) return null;
        var (sizes, bias) = (l.Sizes(1), !l.Lacks(2));
        var space = sizes.Length - 2;
        if (space is < 1 or > 3) throw new InvalidDataException($"its weight is {string.Join('x', sizes)}");
        long[] kernel = sizes[2..], ones = [.. kernel.Select(_ => 1L)], zeros = [.. kernel.Select(_ => 0L)];
        long[] strides = l.Longs("strides") ?? ones, dilations = l.Longs("dilations") ?? ones,
            pads = l.Longs("pads") ?? [.. zeros, .. zeros];
        if (strides.Length != space || dilations.Length != space || pads.Length != 2 * space) throw new InvalidDataException($"its kernel has {space} dimensions, and its strides, dilations or pads another number");
        var even = l.Text("auto_pad", "NOTSET") is "NOTSET" or "VALID" or ""
            && pads[..space].SequenceEqual(pads[space..]) && pads.All(p => p >= 0);
        var padding = even ? pads[..space] : zeros;
        var groups = l.Long("group", 1);
        if (groups < 1 || sizes[0] % groups != 0)
            throw new InvalidDataException($"it has {groups} groups of {sizes[0]} channels");
        Convolution layer;
        if (!transposed)
        {
            var (inputs, outputs) = (sizes[1] * groups, sizes[0]);
            layer = space switch
            {
                1
                    => nn.Conv1d(inputs, outputs, kernel[0], strides[0], padding[0], dilations[0], groups: groups,
                    bias: bias, device: META),
                2
                    => nn.Conv2d(inputs, outputs, Two(kernel), Two(strides), Two(padding), Two(dilations),
                    groups: groups, bias: bias, device: META),
                _
                    => nn.Conv3d(inputs, outputs, Three(kernel), Three(strides), Three(padding), Three(dilations),
                    groups: groups, bias: bias, device: META),
            };
        }
        else
        {
            var (inputs, outputs, extra) = (sizes[0], sizes[1] * groups, l.Longs("output_padding") ?? zeros);
            if (!even || l.Longs("output_shape") is not null) return null;
            layer = space switch
            {
                1
                    => nn.ConvTranspose1d(inputs, outputs, kernel[0], strides[0], padding[0], extra[0], dilations[0],
                    groups: groups, bias: bias, device: META),
                2
                    => nn.ConvTranspose2d(inputs, outputs, Two(kernel), Two(strides), Two(padding), Two(extra),
                    Two(dilations), groups: groups, bias: bias, device: META),
                _
                    => nn.ConvTranspose3d(inputs, outputs, Three(kernel), Three(strides), Three(padding), Three(extra),
                    Three(dilations), groups: groups, bias: bias, device: META),
            };
        }
        layer.weight = l.Parameter(1);
        if (bias) layer.bias = l.Parameter(2);
        return layer;
    }

    private static (long, long) Two(long[] s) => (s[0], s[1]);
    private static (long, long, long) Three(long[] s) => (s[0], s[1], s[2]);

    private static Tensor Conv(OnnxCall c)
    {
        var (x, w) = (c[0], c.Module is Convolution held ? held.weight! : c[1]);
        var space = (int)x.dim() - 2;
        long[] ones = [.. Enumerable.Repeat(1L, space)], strides = c.Longs("strides") ?? ones,
            dilations = c.Longs("dilations") ?? ones;
        var pads = Windows.Pads(c, x.shape[2..], w.shape[2..], strides, dilations);
        if (!pads[..space].SequenceEqual(pads[space..])
            || c.Text("auto_pad", "NOTSET").StartsWith("SAME", StringComparison.Ordinal))
            (x, pads) = (Windows.Pad(x, pads, 0), new long[2 * space]);
        if (c.Module is nn.Module<Tensor, Tensor> layer) return layer.call(x);
        var (padding, groups) = (pads[..space], c.Long("group", 1));
        return space switch
        {
            1 => nn.functional.conv1d(x, w, c.Maybe(2), strides[0], padding[0], dilations[0], groups),
            2 => nn.functional.conv2d(x, w, c.Maybe(2), strides, padding, dilations, groups),
            3 => nn.functional.conv3d(x, w, c.Maybe(2), strides, padding, dilations, groups),
            _ => throw new InvalidDataException($"it runs over {space} dimensions"),
        };
    }

    private static Tensor ConvTranspose(OnnxCall c)
    {
        var x = c[0];
        if (c.Module is nn.Module<Tensor, Tensor> layer) return layer.call(x);
        var (w, space) = (c[1], (int)x.dim() - 2);
        long[] ones = [.. Enumerable.Repeat(1L, space)], strides = c.Longs("strides") ?? ones,
            dilations = c.Longs("dilations") ?? ones, extra = c.Longs("output_padding") ?? new long[space];
        var pads = c.Longs("pads") ?? new long[2 * space];
        var full =
            Enumerable.Range(0, space).Select(d
            => (x.shape[d + 2] - 1) * strides[d] + (w.shape[d + 2] - 1) * dilations[d] + 1 + extra[d]).ToArray();
        if (c.Longs("output_shape") is { } wanted
            || c.Text("auto_pad", "NOTSET").StartsWith("SAME", StringComparison.Ordinal)
            && (wanted = [.. strides.Select((s, d) => s * x.shape[d + 2])]) is not null)
            for (var d = 0; d < space; d++)
            {
                var total = full[d] - wanted[wanted.Length - space + d];
                // what lacks comes last
                var first = total < 0 ? 0
                    : c.Text("auto_pad", "NOTSET") == "SAME_UPPER" ? total / 2 : total - total / 2;
                (pads[d], pads[d + space]) = (first, total - first);
            }
        var groups = c.Long("group", 1);
        var y = space switch
        {
            1 => nn.functional.conv_transpose1d(x, w, c.Maybe(2), strides[0], 0, extra[0], dilations[0], groups),
            2 => nn.functional.conv_transpose2d(x, w, c.Maybe(2), strides, null, extra, dilations, groups),
            3 => nn.functional.conv_transpose3d(x, w, c.Maybe(2), strides, null, extra, dilations, groups),
            _ => throw new InvalidDataException($"it runs over {space} dimensions"),
        };
        return pads.All(p => p == 0) ? y : Windows.Pad(y, [.. pads.Select(p => -p)], 0);
    }
}
