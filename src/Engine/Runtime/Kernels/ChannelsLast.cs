using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// Batches of pictures whose channels lie side by side: (batch, channels, height, width) in the order batch, height,
/// width, channels. Convolutions read and write it without laying anything anew.
/// </summary>
internal static class ChannelsLast
{
    /// <summary>True when a tensor lies so, without gaps.</summary>
    public static bool Has(Tensor tensor)
    {
        if (tensor.dim() != 4) return false;
        var (shape, stride) = (tensor.shape, tensor.stride());
        var dense = 1L;
        foreach (var i in (ReadOnlySpan<int>)[1, 3, 2, 0])
        {
            if (shape[i] != 1 && stride[i] != dense) return false;
            dense *= shape[i];
        }
        return true;
    }

    /// <summary>The same numbers, laid so.</summary>
    public static Tensor Of(Tensor tensor)
    {
        if (Has(tensor)) return tensor.alias();
        using var turned = tensor.permute(0, 2, 3, 1);
        using var dense = turned.contiguous();
        return dense.permute(0, 3, 1, 2);
    }
}
