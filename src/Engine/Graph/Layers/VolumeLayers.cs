using Interactive.Graphs.Ops;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// The fluent vocabulary of lengths (channels, length) and volumes (channels, depth, height, width): each method adds
/// one node and returns its value.
/// </summary>
public static class VolumeLayers
{
    /// <summary>Convolution of a length to <paramref name="channels"/> channels.</summary>
    public static Value Conv1d(this Value x, long channels, long kernel, long stride = 1, long padding = 0,
        long dilation = 1, long groups = 1, bool bias = true, string? name = null)
        => x.Builder.Add(new ConvNd(nn.Conv1d(x.Shape[0], channels, kernel, stride, padding, dilation, groups: groups,
        bias: bias, device: x.Builder.Device)), name, x);
    /// <summary>Transposed convolution of a length to <paramref name="channels"/> channels.</summary>
    public static Value ConvTranspose1d(this Value x, long channels, long kernel, long stride = 1, long padding = 0,
        bool bias = true, string? name = null)
        => x.Builder.Add(new ConvNd(nn.ConvTranspose1d(x.Shape[0], channels, kernel, stride, padding, bias: bias,
        device: x.Builder.Device)), name, x);
    /// <summary>Convolution of a volume to <paramref name="channels"/> channels.</summary>
    public static Value Conv3d(this Value x, long channels, long kernel, long stride = 1, long padding = 0,
        long dilation = 1, long groups = 1, bool bias = true, string? name = null)
        => x.Builder.Add(new ConvNd(nn.Conv3d(x.Shape[0], channels, kernel, stride, padding, dilation, groups: groups,
        bias: bias, device: x.Builder.Device)), name, x);

    /// <summary>Batch normalisation over channels alone or with a length.</summary>
    public static Value BatchNorm1d(this Value x, string? name = null, double eps = 1e-5)
        => x.Builder.Add(new BatchNormNd(nn.BatchNorm1d(x.Shape[0], eps, device: x.Builder.Device)), name, x);
    /// <summary>Batch normalisation over the channels of a volume.</summary>
    public static Value BatchNorm3d(this Value x, string? name = null, double eps = 1e-5)
        => x.Builder.Add(new BatchNormNd(nn.BatchNorm3d(x.Shape[0], eps, device: x.Builder.Device)), name, x);

    /// <summary>Maximum over windows of a length; the stride defaults to the window.</summary>
    public static Value MaxPool1d(this Value x, long kernel, long? stride = null, long padding = 0,
        bool ceiling = false, string? name = null)
        => x.Builder.Add(new MaxPool1d(kernel, stride ?? kernel, padding, ceiling), name, x);
    /// <summary>Mean over windows of a length; the stride defaults to the window.</summary>
    public static Value AvgPool1d(this Value x, long kernel, long? stride = null, long padding = 0,
        bool ceiling = false, bool countPadding = true, string? name = null)
        => x.Builder.Add(new AvgPool1d(kernel, stride ?? kernel, padding, ceiling, countPadding), name, x);
    /// <summary>Mean over windows that tile a length into so many places.</summary>
    public static Value AdaptiveAvgPool1d(this Value x, long output, string? name = null)
        => x.Builder.Add(new AdaptiveAvgPool1d(output), name, x);
    /// <summary>Maximum over windows of a volume; the stride defaults to the window.</summary>
    public static Value MaxPool3d(this Value x, long kernel, long? stride = null, long padding = 0,
        bool ceiling = false, string? name = null)
        => x.Builder.Add(new MaxPool3d([kernel], [stride ?? kernel], [padding], ceiling), name, x);
    /// <summary>Mean over windows of a volume; the stride defaults to the window.</summary>
    public static Value AvgPool3d(this Value x, long kernel, long? stride = null, long padding = 0,
        bool ceiling = false, bool countPadding = true, string? name = null)
        => x.Builder.Add(new AvgPool3d([kernel], [stride ?? kernel], [padding], ceiling, countPadding), name, x);
}
