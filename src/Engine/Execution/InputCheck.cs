using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Whether tensors fit a graph's inputs.</summary>
internal static class InputCheck
{
    /// <summary>Fails with one line that names the input.</summary>
    /// <exception cref="UsageException">Number, shape, type or batch do not fit, or the module got other hooks since.</exception>
    public static void Require(Graph graph, IReadOnlyList<Tensor> inputs)
    {
        if (graph.Hooks?.Changed(graph.Name) is { } part) throw new UsageException(part);
        if (graph.Hooks?.Fields.Changed() is { } field) throw new UsageException($"{graph.Name}: {field}");
        if (inputs.Count != graph.Inputs.Count)
            throw new UsageException($"{graph.Name} takes {graph.Inputs.Count} inputs ({string.Join(", ", graph.Inputs.Select(v => v.Name))}), got {inputs.Count}");
        for (var i = 0; i < inputs.Count; i++)
        {
            if (inputs[i] is null) throw new UsageException($"{graph.Name} got null as {graph.Inputs[i].Name}");
            if (inputs[i].IsInvalid) throw new UsageException($"{graph.Name} got a disposed tensor as {graph.Inputs[i].Name}");
            var (value, shape) = (graph.Inputs[i], inputs[i].shape);
            if (shape.Length == 0 || !shape.AsSpan(1).SequenceEqual(value.Shape.ToArray())
                || shape[0] != inputs[0].shape[0])
                throw new UsageException($"{graph.Name} takes ({(i == 0 ? "batch" : inputs[0].shape[0])}{string.Concat(value.Shape.ToArray().Select(d => $", {d}"))}) as {value.Name}, got ({string.Join(", ", shape)})");
            if (shape[0] == 0) throw new UsageException($"{graph.Name} got a batch of no samples as {value.Name}");
            if (inputs[i].dtype != value.Type)
                throw new UsageException($"{graph.Name} takes {value.Type} as {value.Name}, got {inputs[i].dtype}");
        }
    }
}
