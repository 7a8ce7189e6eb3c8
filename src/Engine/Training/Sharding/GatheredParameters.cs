using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Layouts;
using Interactive.Runtime;
using TorchSharp.Modules;

namespace Interactive.Training;

/// <summary>
/// A rank keeps its part of every bucket of parameters. The rest of a bucket comes from the others before a forward and
/// again before a backward needs it, and its pages go back to the system afterwards: addresses stay, so whatever
/// autograd has saved of a parameter reads it again when it is back.
/// </summary>
internal sealed unsafe class GatheredParameters : ParameterMemory
{
    private readonly Executor executor;
    private readonly IReadOnlyList<PoolBucket> buckets;
    private readonly UnitResidency residency;
    private readonly long floats;
    private bool isWhole = true, hasMeasured;
    private long peak;

    /// <summary>Moves the parameters. Collective.</summary>
    public GatheredParameters(ICommunicator world, GradientPool pool, IReadOnlyList<PoolBucket> buckets, Graph fused,
        Executor executor)
        : base(world, pool, (float*)Pages.Allocate((nuint)pool.Length * sizeof(float)))
    {
        (this.buckets, this.executor, floats) = (buckets, executor, pool.Length);
        Take(copies: true);
        var (steps, unitsOf) = (executor.Schedule.Steps, UnitResidency.Reads(fused, UnitOf));
        residency = new UnitResidency(steps, executor.LossAt, buckets.Count, unitsOf) { Come = Come, Go = Go };
        residency.Fill();
        var own = buckets.Sum(Own);
        PredictedBytes = sizeof(float)
            * (own + UnitResidency.Peak(steps, executor.LossAt, [.. buckets.Select(b => b.Count - Own(b))], unitsOf));
        executor.StepBegins += residency.Before;
        executor.StepEnds += residency.After;

        int UnitOf(Parameter parameter)
        {
            var range = pool.IndexOf(parameter);
            for (var unit = 0; range >= 0 && unit < buckets.Count; unit++)
                if (pool.Ranges[range].Start < buckets[unit].Start + buckets[unit].Count) return unit;
            return -1;
        }
    }

    /// <summary>The most bytes of parameters that this rank was said to hold in a step.</summary>
    public long PredictedBytes { get; }

    /// <summary>What it held in its first step, in pages that were in memory.</summary>
    public long PeakBytes => peak;

    private long Own(PoolBucket bucket)
        => World.Part(World.Rank, bucket.Count) is var part ? part.High - part.Low : 0;

    private void Come(int unit)
    {
        var bucket = buckets[unit];
        World.AllGather(Data + bucket.Start, bucket.Count, bucket.Ranges[0].Name);
        if (!hasMeasured) peak = Math.Max(peak, Pages.Resident(Data, (nuint)floats * sizeof(float)));
    }

    private void Go(int unit)
    {
        var (bucket, own) = (buckets[unit], World.Part(World.Rank, buckets[unit].Count));
        var data = Data + bucket.Start;
        Pages.Discard(data, (nuint)own.Low * sizeof(float));
        Pages.Discard(data + own.High, (nuint)(bucket.Count - own.High) * sizeof(float));
    }

    public override void Begin()
    {
        if (isWhole) residency.Clear();
        isWhole = false;
    }

    public override void Skip() => residency.Pass();

    public override void Stepped(PoolBucket bucket) { }

    // What came from the others is not theirs any more.
    public override void Finish()
    {
        residency.Clear();
        hasMeasured = true;
    }

    public override void Gather()
    {
        if (isWhole) return;
        residency.Clear();
        foreach (var bucket in buckets) World.AllGather(Data + bucket.Start, bucket.Count, bucket.Ranges[0].Name);
        residency.Fill();
        isWhole = true;
    }

    public override string Description
        => $"--zero 3: parameters in {buckets.Count} parts that come before forward and before backward; a rank is predicted to hold {ByteText.Of(PredictedBytes)} of {ByteText.Of(floats * sizeof(float))}";

    public override string? Conclusion
        => peak <= 0 ? null : $"--zero 3: parameters of this rank peaked at {ByteText.Of(peak)} (predicted {ByteText.Of(PredictedBytes)}), measured";

    private protected override void Free() => NativeMemory.AlignedFree(Data);

    public override void Dispose()
    {
        executor.StepBegins -= residency.Before;
        executor.StepEnds -= residency.After;
        base.Dispose();
    }
}
