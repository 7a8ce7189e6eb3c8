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
        return builder.Add(ModuleOps.Of(module) ?? Unknown(module, x), name, x);
    }

    private static Opaque Unknown(nn.Module module, Value x)
    {
        if (module is not nn.Module<Tensor, Tensor> single)
            throw new GraphException($"{module.GetName()} does not take one tensor and give one: wrap it in a module that does");
        return Opaque.Of(single, x);
    }
}
