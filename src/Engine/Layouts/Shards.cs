using Interactive.Collectives.Algorithms;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp.Modules;

namespace Interactive.Layouts;

/// <summary>ZeRO among data ranks: which of a rank's bytes it shares with the others.</summary>
/// <param name="Level">0: none; 1: optimiser state; 2: gradients too; 3: parameters too.</param>
/// <param name="OneHost">With 3 the ranks share one copy of the parameters, of which each counts its part; else they gather
/// them.</param>
/// <param name="BucketBytes">Least bytes of parameters that come and go together.</param>
public sealed record Shards(int Level, bool OneHost = true, long BucketBytes = 4 << 20)
{
    private const int Alignment = 16; // floats: as gradients lie in their pool
    private const long FirstBucketBytes = 1 << 20;

    /// <summary>Checks the level.</summary>
    /// <exception cref="UsageException">There is no such level.</exception>
    public Shards Validate() => Level is >= 0 and <= 3 ? this : throw new UsageException($"--zero must be 0, 1, 2 or 3, got {Level}");

    /// <summary>
    /// How often a rank sends the other ranks' share of its parameters' size in a step of so many micro-batches: a
    /// reduce-scatter of gradients and a gather of parameters, or one before each forward and backward.
    /// </summary>
    internal int Transfers(int micro) => Level < 3 ? 2 : OneHost ? 1 : 2 * micro + 1;

    /// <summary>Bytes of trained parameters, their gradients and a state of their size on the rank with most of them.</summary>
    /// <param name="fused">The model.</param>
    /// <param name="ranks">Data ranks.</param>
    /// <param name="schedule">What a micro-batch runs; null: about the largest bucket comes besides a rank's own part.</param>
    internal long Bytes(Graph fused, int ranks, StageSchedule? schedule)
    {
        var (buckets, unitOf) = Buckets(fused);
        var all = fused.Nodes.SelectMany(n => n.Op.Parameters).Where(p => p.requires_grad)
            .DistinctBy(p => p.Identity()).Sum(p => p.numel() * p.element_size());
        var own = sizeof(float) * buckets.Sum(Own);
        var parameters = Level < 3 ? all : OneHost ? own : own + sizeof(float) * Visiting();
        return parameters + (Level >= 2 ? own : all) + (Level >= 1 ? own : all);

        long Own(long count) => DirectExchange.Part(0, ranks, count) is var part ? part.High - part.Low : 0;
        long Visiting() => schedule is null ? buckets.Max(count => count - Own(count))
            : UnitResidency.Peak(schedule.Schedule.Steps, schedule.ForwardEnd - 1,
            [.. buckets.Select(count => count - Own(count))], UnitResidency.Reads(fused, unitOf));
    }

    // As the reducer divides the gradients: in the order in which backward completes them.
    private (List<long> Floats, Func<Parameter, int> UnitOf) Buckets(Graph fused)
    {
        var seen = new HashSet<nint>();
        var completes = fused.Nodes
            .Select(n => n.Op.Parameters.Where(p => p.requires_grad && seen.Add(p.Identity())).ToArray()).ToArray();
        var floats = new List<long> { 0 };
        var units = new Dictionary<nint, int>();
        foreach (var parameter in completes.Reverse().SelectMany(p => p))
        {
            if (floats[^1] * sizeof(float) >= (floats.Count == 1 ? Math.Min(BucketBytes, FirstBucketBytes) : BucketBytes)) floats.Add(0);
            units[parameter.Identity()] = floats.Count - 1;
            floats[^1] += (parameter.numel() + Alignment - 1) / Alignment * Alignment;
        }
        return (floats, parameter => units.GetValueOrDefault(parameter.Identity(), -1));
    }
}
