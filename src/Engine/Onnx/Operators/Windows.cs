using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Edges of convolutions and pools.</summary>
internal static class Windows
{
    /// <summary>What is added before, then after each dimension.</summary>
    public static long[] Pads(OnnxCall c, long[] sizes, long[] kernel, long[] strides, long[] dilations)
    {
        var (space, mode) = (sizes.Length, c.Text("auto_pad", "NOTSET"));
        if (!mode.StartsWith("SAME", StringComparison.Ordinal))
            return mode == "VALID" || c.Longs("pads") is not { } given ? new long[2 * space]
            : given.Length == 2 * space ? given
            : throw new InvalidDataException($"it has {given.Length} pads for {space} dimensions");
        var pads = new long[2 * space];
        for (var d = 0; d < space; d++)
        {
            var total = Math.Max(0,
                ((sizes[d] + strides[d] - 1) / strides[d] - 1) * strides[d] + (kernel[d] - 1) * dilations[d] + 1
                - sizes[d]);
            var first = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
            (pads[d], pads[d + space]) = (first, total - first);
        }
        return pads;
    }

    /// <summary>Adds (or takes away) edges of height and width.</summary>
    public static Tensor Pad(Tensor x, long[] pads, double value)
    {
        var space = pads.Length / 2;
        if (pads.All(p => p == 0)) return x;
        Arrangements.Bounded([.. x.shape.Select((s, d) => d < 2 ? s : s + pads[d - 2] + pads[d - 2 + space])]);
        return nn.functional.pad(x,
            [.. Enumerable.Range(0, space).Reverse().SelectMany(d => new[] { pads[d], pads[d + space] })],
            PaddingModes.Constant, value);
    }
}
