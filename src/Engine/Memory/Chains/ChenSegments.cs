namespace Interactive.Memory.Chains;

/// <summary>
/// Segments (Chen, Xu, Zhang and Guestrin 2016): the inputs of some blocks are kept, every segment but the last is run
/// twice. Where to cut is found by one pass with a byte limit, and the limit by search.
/// </summary>
public static class ChenSegments
{
    private const int Limits = 48;

    /// <summary>
    /// The fastest plan found whose peak is at most <paramref name="budget"/>; the smallest found where none fits.
    /// </summary>
    public static ChainPlan Plan(Chain chain, long budget)
    {
        var whole = chain.Stages.Sum(s => s.Options[0].SavedBytes);
        ChainPlan? best = null;
        var smallest = default(ChainPlan);
        // From one segment for each block to one for all, in even ratios.
        foreach (var limit in Enumerable.Range(0, Limits + 1).Select(i => (long)Math.Pow(whole + 1, (double)i / Limits))
            .Prepend(0).Distinct())
        {
            var plan = ChainSimulator.Replay(chain, Ops(chain, Cuts(chain, limit)));
            if (smallest is null || plan.PeakBytes < smallest.PeakBytes) smallest = plan;
            if (plan.PeakBytes <= budget && (best is null || plan.Seconds < best.Seconds)) best = plan;
        }
        return best ?? smallest!;
    }

    /// <summary>
    /// The plan of <paramref name="count"/> segments with as many blocks each; a last stage without output is the loss
    /// and goes with the last segment.
    /// </summary>
    public static ChainPlan Even(Chain chain, int count)
    {
        var blocks = chain.Stages.Count - (chain.Stages[^1].OutputBytes == 0 ? 1 : 0);
        var size = (blocks + count - 1) / count;
        return ChainSimulator.Replay(chain,
            Ops(chain, [.. Enumerable.Range(1, count - 1).Select(i => i * size).Where(i => i < blocks)]));
    }

    // The first block of every segment but the first.
    private static List<int> Cuts(Chain chain, long limit)
    {
        var cuts = new List<int>();
        long gathered = 0;
        for (var i = 0; i < chain.Stages.Count - 1; i++)
        {
            gathered += chain.Stages[i].Options[0].SavedBytes;
            if (gathered <= limit) continue;
            cuts.Add(i + 1);
            gathered = 0;
        }
        return cuts;
    }

    private static List<ChainOp> Ops(Chain chain, IReadOnlyList<int> cuts)
    {
        int[] bounds = [0, .. cuts, chain.Stages.Count];
        var ops = new List<ChainOp>();
        for (var segment = 0; segment < bounds.Length - 2; segment++)
            for (var i = bounds[segment]; i < bounds[segment + 1]; i++)
                ops.Add(new(i == bounds[segment] ? ChainOpKind.Checkpoint : ChainOpKind.Forward, i));
        for (var segment = bounds.Length - 2; segment >= 0; segment--)
        {
            for (var i = bounds[segment]; i < bounds[segment + 1]; i++) ops.Add(new(ChainOpKind.ForwardAll, i));
            for (var i = bounds[segment + 1] - 1; i >= bounds[segment]; i--) ops.Add(new(ChainOpKind.Backward, i));
        }
        return ops;
    }
}
