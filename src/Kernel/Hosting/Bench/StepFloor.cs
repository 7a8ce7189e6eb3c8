using System.Diagnostics;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using static TorchSharp.torch;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>What no step of this net can be faster than with libtorch's products.</summary>
/// <param name="Seconds">Convolutions and matrix products alone, forward and backward: each by itself, the medians
/// added.</param>
/// <param name="CopySeconds">A copy of the bytes that all other ops and the optimiser must read and write, once
/// each.</param>
internal sealed record StepFloor(double Seconds, double CopySeconds)
{
    private const int Rounds = 5;
    private const long Stretch = 1 << 26; // numbers: more than caches hold

    public static StepFloor Measure(Graph graph, int batch, string optimizer)
    {
        var fused = Fusion.Fuse(graph);
        var profile = ProfileCache.Get(graph, batch);
        var products = fused.Nodes.Where(n => !n.Op.IsCheap)
            .Sum(n => profile.Nodes[n.Id].Forward + profile.Nodes[n.Id].Backward);
        // Forward reads and writes, and so does backward; an optimiser reads a gradient, and reads and writes a
        // parameter and each of its moments.
        var values = fused.Nodes.Where(n => n.Op.IsCheap && !n.Op.IsView && !n.Op.IsFixed)
            .Sum(n => 2 * (n.Output.Bytes(batch) + n.Inputs.Sum(v => v.Bytes(batch))));
        return new(products,
            (values + (optimizer == "adamw" ? 7 : 5) * sizeof(float) * graph.ParameterCount) / BytesPerSecond());
    }

    private static double BytesPerSecond()
    {
        using Tensor from = ones(Stretch), to = empty_like(from);
        var seconds = new List<double>();
        for (var i = 0; i <= Rounds; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            to.copy_(from);
            seconds.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }
        return 2 * Stretch * sizeof(float) / seconds.Min();
    }
}
