using Interactive.Graphs.Ops;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>The ops that do what TorchSharp's modules do, over the modules' own parameters.</summary>
internal static class ModuleOps
{
    /// <summary>The op of a module; null where the graph has none.</summary>
    public static Op? Of(nn.Module module) => module switch
    {
        TorchSharp.Modules.Conv2d m when m.padding_mode == PaddingModes.Zeros && m.padding_type is null
            => new Ops.Conv2d(m) { AsInTheModule = true },
        TorchSharp.Modules.ConvTranspose2d m => new Ops.ConvTranspose2d(m),
        TorchSharp.Modules.BatchNorm2d m when m.affine => new Ops.BatchNorm2d(m),
        TorchSharp.Modules.LayerNorm m when m.elementwise_affine => new Ops.LayerNorm(m),
        TorchSharp.Modules.Linear m => new Ops.Linear(m),
        TorchSharp.Modules.Embedding m => new Ops.Embedding(m),
        ReLU => new Relu(),
        GELU m => new Gelu(tanh: m.approximate == GELU.Approximate.tanh),
        TorchSharp.Modules.Dropout m => new Ops.Dropout(m.p, m),
        TorchSharp.Modules.MaxPool2d m when m.dilation is null or [1] or [1, 1]
            => new Ops.MaxPool2d(Pair(m.kernel_size), Pair(m.stride is { Length: > 0 } s ? s : m.kernel_size),
            Pair(m.padding is { Length: > 0 } p ? p : [0]), m.ceil_mode),
        TorchSharp.Modules.AvgPool2d m when m.divisor_override is null
            => new Ops.AvgPool2d(Pair(m.kernel_size), Pair(m.stride is { Length: > 0 } s ? s : m.kernel_size),
            Pair(m.padding is { Length: > 0 } p ? p : [0]), m.ceil_mode, m.count_include_pad),
        TorchSharp.Modules.AdaptiveAvgPool2d m => new Ops.AdaptiveAvgPool2d(Pair(m.output_size)),
        TorchSharp.Modules.AdaptiveMaxPool2d m => new Ops.AdaptiveMaxPool2d(Pair(m.output_size)),
        TorchSharp.Modules.Flatten { start_dim: 1, end_dim: -1 } => new Ops.Flatten(),
        _ => Activation(module) ?? Normalisation(module) ?? Volume(module) ?? Rearrangement(module),
    };

    private static Op? Activation(nn.Module module) => module switch
    {
        LeakyReLU m => new LeakyRelu(m.negative_slope),
        ELU m => new Ops.Elu(m.alpha),
        ReLU6 => new Relu6(),
        SiLU => new Silu(),
        TorchSharp.Modules.Sigmoid => new Ops.Sigmoid(),
        TorchSharp.Modules.Tanh => new Ops.Tanh(),
        TorchSharp.Modules.Hardswish => new Ops.Hardswish(),
        TorchSharp.Modules.Hardsigmoid => new Ops.Hardsigmoid(),
        TorchSharp.Modules.Softplus m => new Ops.Softplus(m.beta, m.threshold),
        TorchSharp.Modules.Softmax m when m.dim != 0 => new Ops.Softmax(m.dim),
        TorchSharp.Modules.LogSoftmax m when m.dim != 0 => new Ops.LogSoftmax(m.dim),
        _ => null,
    };

    private static Op? Normalisation(nn.Module module) => module switch
    {
        TorchSharp.Modules.GroupNorm m => new Ops.GroupNorm(m),
        TorchSharp.Modules.InstanceNorm m when !m.track_running_stats => new Ops.InstanceNorm(m),
        BatchNorm1d m => new BatchNormNd(m),
        BatchNorm3d m => new BatchNormNd(m),
        _ => null,
    };

    private static Op? Volume(nn.Module module) => module switch
    {
        Conv1d or Conv3d
            or ConvTranspose1d when module is Convolution { padding_mode: PaddingModes.Zeros, padding_type: null } m
            => new ConvNd(m),
        TorchSharp.Modules.MaxPool1d m when m.dilation is null or 1
            => new Ops.MaxPool1d(m.kernel_size, m.stride ?? m.kernel_size, m.padding ?? 0, m.ceil_mode),
        TorchSharp.Modules.AvgPool1d m
            => new Ops.AvgPool1d(m.kernel_size, m.stride ?? m.kernel_size, m.padding ?? 0, m.ceil_mode,
            m.count_include_pad),
        TorchSharp.Modules.AdaptiveAvgPool1d m => new Ops.AdaptiveAvgPool1d(m.output_size),
        TorchSharp.Modules.MaxPool3d m when m.dilation is null || m.dilation.All(d => d == 1)
            => new Ops.MaxPool3d(m.kernel_size, Given(m.stride), Given(m.padding), m.ceil_mode),
        TorchSharp.Modules.AvgPool3d m when m.divisor_override is null
            => new Ops.AvgPool3d(m.kernel_size, Given(m.stride), Given(m.padding), m.ceil_mode, m.count_include_pad),
        _ => null,
    };

    private static Op? Rearrangement(nn.Module module) => module switch
    {
        TorchSharp.Modules.PixelShuffle m => new Ops.PixelShuffle(m.upscale_factor),
        ZeroPad2d m => new Pad(m.padding),
        ConstantPad1d m => new Pad(m.padding, value: m.value),
        ConstantPad2d m => new Pad(m.padding, value: m.value),
        ConstantPad3d m => new Pad(m.padding, value: m.value),
        ReflectionPad1d m => new Pad(m.padding, reflect: true),
        ReflectionPad2d m => new Pad(m.padding, reflect: true),
        _ => null,
    };

    private static long[]? Given(long[]? sizes) => sizes is { Length: > 0 } ? sizes : null;

    private static Size2 Pair(long[] size) => Ops.Conv2d.Pair(size);
}
