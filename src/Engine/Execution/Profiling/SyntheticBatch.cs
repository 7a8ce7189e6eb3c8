using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Random inputs and targets that fit a graph and an objective.</summary>
public static class SyntheticBatch
{
    /// <summary>
    /// One batch of a net with one input and one target, where the graph's parameters are; the caller disposes both.
    /// </summary>
    /// <inheritdoc cref="Of"/>
    public static (Tensor Input, Tensor Target) For(Graph graph, long batch, IObjective? objective = null)
    {
        var (inputs, targets) = Of(graph, batch, objective);
        return (inputs[0], targets[0]);
    }

    /// <summary>
    /// One batch, where the graph's parameters are; the caller disposes all. Seeds the random generator.
    /// </summary>
    /// <param name="graph">The model.</param>
    /// <param name="batch">Samples.</param>
    /// <param name="objective">Makes the targets; default: softmax cross-entropy.</param>
    public static (IReadOnlyList<Tensor> Inputs, IReadOnlyList<Tensor> Targets) Of(Graph graph, long batch,
        IObjective? objective = null)
    {
        Devices.ManualSeed(1);
        var device = Devices.Of(graph);
        Tensor[] inputs = [.. graph.Inputs.Select(v => Input(v, batch, device))];
        return (inputs,
            [.. (objective ?? new CrossEntropy()).SyntheticTargets(graph.Outputs, batch).Select(t => On(device, t))]);
    }

    private static Tensor Input(Value value, long batch, Device device)
    {
        var shape = value.Shape.WithBatch(batch);
        if (value.Type == ScalarType.Bool) return ones(shape, ScalarType.Bool, device);
        if (!Fits.IsFloat(value.Type)) return randint(0, Numbers(value), shape, dtype: value.Type, device);
        if (value.Type is ScalarType.Float32 or ScalarType.Float64) return randn(shape, value.Type, device);
        using var wide = randn(shape, device: device);
        return wide.to_type(value.Type);
    }

    // What the smallest table takes that reads the numbers, as they are or as another shape; without one, two numbers.
    private static long Numbers(Value value)
        => value.Consumers.Select(c => c.Op is Embedding ? (long)c.Op.Attributes["vocabulary"]
        : c.Op.Parameters.Any() ? c.Op.Parameters.Min(p => p.shape.Length > 0 ? p.shape[0] : 1) : Numbers(c.Output))
        .DefaultIfEmpty(2).Min();

    private static Tensor On(Device device, Tensor tensor)
    {
        if (tensor.device_type == device.type) return tensor;
        using (tensor) return tensor.to(device);
    }
}
