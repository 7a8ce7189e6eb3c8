using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>
/// Layers around parameters that a function was called with (<c>functional.conv2d(x, weight)</c>, or what a TorchScript file runs): the
/// engine's ops read them as they read a user's own layer. They own nothing and are registered nowhere.
/// </summary>
internal static class HeldLayers
{
    private static readonly Device Nowhere = META; // nothing is made but the shell

    /// <summary>x W^T + b.</summary>
    public static TorchSharp.Modules.Linear Linear(Parameter weight, Parameter? bias) => nn.Linear(weight, bias);

    /// <summary>The convolution of <c>aten::conv1d</c> to <c>conv3d</c>, or null.</summary>
    public static Convolution? Convolution(KnownCall call)
    {
        if (!call.Reads(1, 2) || call.Arguments[3] is not long[] stride || call.Arguments[4] is not long[] padding || call.Arguments[5] is not long[] dilation || call.Arguments[6] is not long groups) return null;
        var (weight, bias) = (call.Parameters[1]!, call.Parameters[2]);
        var (sizes, holds) = (weight.shape, bias is not null);
        var (made, read) = (sizes[0], sizes[1] * groups);
        Convolution? layer = sizes.Length switch
        {
            3 => nn.Conv1d(read, made, sizes[2], One(stride), One(padding), One(dilation), groups: groups, bias: holds, device: Nowhere),
            4 => nn.Conv2d(read, made, (sizes[2], sizes[3]), Two(stride), Two(padding), Two(dilation), groups: groups, bias: holds, device: Nowhere),
            5 => nn.Conv3d(read, made, (sizes[2], sizes[3], sizes[4]), Three(stride), Three(padding), Three(dilation), groups: groups, bias: holds, device: Nowhere),
            _ => null,
        };
        if (layer is null) return null;
        layer.weight = weight;
        if (bias is not null) layer.bias = bias;
        return layer;
    }

    /// <summary>The convolution of <c>aten::conv_transpose2d</c>, or null.</summary>
    public static TorchSharp.Modules.ConvTranspose2d? ConvTranspose2d(KnownCall call)
    {
        if (!call.Reads(1, 2) || call.Arguments[6] is not long groups) return null;
        var (weight, bias) = (call.Parameters[1]!, call.Parameters[2]);
        var sizes = weight.shape;
        var layer = nn.ConvTranspose2d(sizes[0], sizes[1] * groups, (sizes[2], sizes[3]), Two(call.Sizes(3)), Two(call.Sizes(4)), Two(call.Sizes(5)), Two(call.Sizes(7)), groups: groups, bias: bias is not null, device: Nowhere);
        layer.weight = weight;
        if (bias is not null) layer.bias = bias;
        return layer;
    }

    /// <summary>The op of <c>aten::_convolution</c>, one operator for those of any dimension and for transposed ones; or null.</summary>
    public static Op? Unified(KnownCall call)
    {
        if (call.Arguments[7] is not long[] added) return null;
        if (call.Arguments[6] is true) // conv_transpose2d has output_padding, groups and dilation in this order
            return call.Parameters[1]?.dim() == 4 && ConvTranspose2d(call with { Arguments = [.. call.Arguments[..5], added, call.Arguments[8], call.Arguments[5]] }) is { } transposed ? new Ops.ConvTranspose2d(transposed) : null;
        return added.Any(size => size != 0) ? null : Convolution(call with { Arguments = [.. call.Arguments[..6], call.Arguments[8]] }) switch
        {
            TorchSharp.Modules.Conv2d layer => new Ops.Conv2d(layer) { AsInTheModule = true },
            { } layer => new Ops.ConvNd(layer),
            null => null,
        };
    }

    /// <summary>The norm of <c>aten::layer_norm</c> with weight and bias, or null.</summary>
    public static TorchSharp.Modules.LayerNorm? LayerNorm(KnownCall call)
    {
        if (!call.Reads(2, 3) || call.Parameters[3] is not { } bias) return null;
        var layer = nn.LayerNorm(call.Sizes(1), call.Number(4), device: Nowhere);
        (layer.weight, layer.bias) = (call.Parameters[2]!, bias);
        return layer;
    }

    /// <summary>The norm of <c>aten::group_norm</c>, with weight and bias or with neither, or null.</summary>
    public static TorchSharp.Modules.GroupNorm? GroupNorm(KnownCall call)
    {
        var channels = call.Inputs[0].Shape.Rank > 0 ? call.Inputs[0].Shape[0] : 0;
        if (call.Arguments[1] is not long groups) return null;
        if (call.Parameters.All(p => p is null)) return call.Tensors == 1 ? nn.GroupNorm(groups, channels, call.Number(4), affine: false, device: Nowhere) : null;
        if (!call.Reads(2, 3) || call.Parameters[3] is not { } bias) return null;
        var layer = nn.GroupNorm(groups, channels, call.Number(4), device: Nowhere);
        (layer.weight, layer.bias) = (call.Parameters[2]!, bias);
        return layer;
    }

    private static long One(long[] sizes) => sizes[0];
    private static (long, long) Two(long[] sizes) => (sizes[0], sizes[^1]);
    private static (long, long, long) Three(long[] sizes) => sizes.Length == 1 ? (sizes[0], sizes[0], sizes[0]) : (sizes[0], sizes[1], sizes[2]);
}
