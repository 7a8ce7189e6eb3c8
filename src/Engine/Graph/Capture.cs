using Interactive.Graphs.Ops;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>Turns a user's TorchSharp module into a graph that shares its parameters.</summary>
internal static class Capture
{
    /// <summary>
    /// Walks nested <c>Sequential</c>s; a module that the graph does not know becomes one opaque node and still trains.
    /// </summary>
    /// <param name="module">The model. It keeps working on its own; both see the same parameters.</param>
    /// <param name="input">One sample's shape.</param>
    /// <param name="type">Element type of the input.</param>
    /// <param name="name">The graph's name; default the module's.</param>
    /// <exception cref="GraphException">The modules do not fit one another.</exception>
    public static Graph Module(nn.Module<Tensor, Tensor> module, Shape input, ScalarType type = ScalarType.Float32, string? name = null)
    {
        var builder = new GraphBuilder(name ?? (module is Sequential ? "sequential" : module.GetName()), input, type);
        return builder.Build(Walk(builder, builder.Input, module, null));
    }

    private static Value Walk(GraphBuilder builder, Value x, nn.Module module, string? name)
    {
        if (module is Sequential sequential)
        {
            using var scope = name is null ? null : builder.Scope(name);
            foreach (var (childName, child) in sequential.named_children()) x = Walk(builder, x, child, childName);
            return x;
        }
        if (module is Identity) return x;
        return builder.Add(Known(module) ?? Unknown(module, x), name, x);
    }

    private static Op? Known(nn.Module module) => module switch
    {
        TorchSharp.Modules.Conv2d m when m.padding_mode == PaddingModes.Zeros && m.padding_type is null => new Ops.Conv2d(m),
        TorchSharp.Modules.ConvTranspose2d m => new Ops.ConvTranspose2d(m),
        TorchSharp.Modules.BatchNorm2d m when m.affine => new Ops.BatchNorm2d(m),
        TorchSharp.Modules.LayerNorm m when m.elementwise_affine => new Ops.LayerNorm(m),
        TorchSharp.Modules.Linear m => new Ops.Linear(m),
        TorchSharp.Modules.Embedding m => new Ops.Embedding(m),
        ReLU => new Relu(),
        GELU { approximate: GELU.Approximate.none } => new Gelu(),
        TorchSharp.Modules.Dropout m => new Ops.Dropout(m.p, m),
        TorchSharp.Modules.MaxPool2d m when m.dilation is null or [1] or [1, 1]
            => new Ops.MaxPool2d(Pair(m.kernel_size), Pair(m.stride is { Length: > 0 } s ? s : m.kernel_size), Pair(m.padding is { Length: > 0 } p ? p : [0]), m.ceil_mode),
        TorchSharp.Modules.AvgPool2d m when m.divisor_override is null
            => new Ops.AvgPool2d(Pair(m.kernel_size), Pair(m.stride is { Length: > 0 } s ? s : m.kernel_size), Pair(m.padding is { Length: > 0 } p ? p : [0]), m.ceil_mode, m.count_include_pad),
        TorchSharp.Modules.AdaptiveAvgPool2d m => new Ops.AdaptiveAvgPool2d(Pair(m.output_size)),
        TorchSharp.Modules.AdaptiveMaxPool2d m => new Ops.AdaptiveMaxPool2d(Pair(m.output_size)),
        TorchSharp.Modules.Flatten { start_dim: 1, end_dim: -1 } => new Ops.Flatten(),
        _ => null,
    };

    private static Size2 Pair(long[] size) => Ops.Conv2d.Pair(size);

    private static Opaque Unknown(nn.Module module, Value x)
    {
        if (module is not nn.Module<Tensor, Tensor> single)
            throw new GraphException($"{module.GetName()} does not take one tensor and give one: wrap it in a module that does");
        return Opaque.Of(single, x);
    }
}
