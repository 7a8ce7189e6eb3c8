using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Random input and targets that fit a graph with a cross-entropy loss.</summary>
public static class SyntheticBatch
{
    /// <summary>One batch, where the graph's parameters are; the caller disposes both.</summary>
    public static (Tensor Input, Tensor Target) For(Graph graph, long batch)
    {
        Devices.ManualSeed(1);
        var (output, device) = (graph.Output.Shape, Devices.Of(graph));
        if (graph.Input.Type == ScalarType.Int64)
            return (randint(0, output[^1], graph.Input.Shape.WithBatch(batch), dtype: ScalarType.Int64, device), randint(0, output[^1], [batch, output[0]], dtype: ScalarType.Int64, device));
        return (randn(graph.Input.Shape.WithBatch(batch), device: device), randint(0, output[0], [batch, .. output.ToArray()[1..]], dtype: ScalarType.Int64, device));
    }
}
