using Interactive.Graphs.Ops;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>Turns a user's TorchSharp module into a graph that shares its parameters.</summary>
internal static class Capture
{
    /// <summary>
    /// Traces the module on made-up samples, so that what it really runs becomes the graph. Where libtorch cannot be
    /// watched, and for modules of shapes alone, walks nested <c>Sequential</c>s; a module that the graph does not know
    /// becomes one opaque node.
    /// </summary>
    /// <param name="module">The model. It keeps working on its own; both see the same parameters.</param>
    /// <param name="input">One sample's shape.</param>
    /// <param name="type">Element type of the input.</param>
    /// <param name="name">The graph's name; default the module's.</param>
    /// <exception cref="GraphException">The modules do not fit one another.</exception>
    public static Graph Module(nn.Module<Tensor, Tensor> module, Shape input, ScalarType type = ScalarType.Float32,
        string? name = null)
    {
        name ??= module is Sequential ? "sequential" : module.GetName();
        if (!CallRecorder.IsAvailable || module.parameters().Any(p => p.device_type == DeviceType.META))
            return Tree(module, input, type, name);
        using var example = Example(module, input, type);
        try
        {
            var graph = Graph.Trace(module, example, name);
            if (graph.Outputs.FirstOrDefault(o => !o.IsRows) is { } other) throw new GraphException($"{name}: its result must have the samples first, got {string.Join('x', other.Extents)}");
            return graph;
        }
        catch (GraphException)
        {
            Tree(module, input, type, name); // names the layer that does not fit
            throw;
        }
    }

    // Numbers that the module takes: tokens that are in its tables.
    private static Tensor Example(nn.Module module, Shape input, ScalarType type)
    {
        var (shape, device) = (input.WithBatch(2), Devices.Of(module));
        using var generator = RandomState.Keep(device);
        if (type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64)
        {
            using var numbers = randn(shape, device: device);
            return numbers.to_type(type, copy: true);
        }
        var least =
            module.modules().OfType<TorchSharp.Modules.Embedding>().Select(e => e.weight!.shape[0])
            .DefaultIfEmpty(1).Min();
        return randint(0, least, shape, dtype: type, device: device);
    }

    private static Graph Tree(nn.Module<Tensor, Tensor> module, Shape input, ScalarType type, string name)
    {
        var builder = new GraphBuilder(name, input, type);
        var graph = builder.Build(Walk(builder, builder.Input, module, null));
        graph.Hooks = ModuleHooks.Of(module, graph);
        return graph;
    }

    private static Value Walk(GraphBuilder builder, Value x, nn.Module module, string? name)
    {
        if (module is Sequential sequential && module.GetType() == typeof(Sequential))
        {
            using var scope = name is null ? null : builder.Scope(name);
            foreach (var (childName, child) in sequential.named_children()) x = Walk(builder, x, child, childName);
            return x;
        }
        if (module is Identity) return x;
        return builder.Add(Known(module) ?? Unknown(module, x), name, x);
    }

    internal static Op? Known(nn.Module module) => module switch
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

    private static Opaque Unknown(nn.Module module, Value x)
    {
        if (module is not nn.Module<Tensor, Tensor> single)
            throw new GraphException($"{module.GetName()} does not take one tensor and give one: wrap it in a module that does");
        return Opaque.Of(single, x);
    }
}
