namespace Interactive.Layouts;

/// <summary>
/// Cuts a chain of blocks into stages, so that a step's first estimate is least: the sum of all stages' seconds, and
/// the slowest stage's once more for each further micro-batch. Every slowest stage is tried in turn (Zheng et al.
/// 2022), and for each the stages are laid from the last one on, so that it is known how many micro-batches are in
/// flight.
/// </summary>
internal static class StageSplit
{
    /// <summary>A way to cut.</summary>
    /// <param name="Ends">By stage: its last block.</param>
    /// <param name="Seconds">The estimate.</param>
    public sealed record Cut(IReadOnlyList<int> Ends, double Seconds);

    /// <summary>The best way, or null where no way fits.</summary>
    /// <param name="blocks">How many there are.</param>
    /// <param name="stages">How many are wanted.</param>
    /// <param name="micros">Micro-batches of a step.</param>
    /// <param name="seconds">(stage, first block, last block) to seconds of a micro-batch; infinity where it does not
    /// fit.</param>
    public static Cut? Best(int blocks, int stages, int micros, Func<int, int, int, double> seconds)
    {
        if (stages > blocks) return null;
        var costs = new double[stages][,];
        var limits = new SortedSet<double>();
        for (var q = 0; q < stages; q++)
        {
            costs[q] = new double[blocks, blocks];
            for (var s = q; s < blocks; s++)
                for (var t = s; t < blocks; t++)
                {
                    var isPossible = (q > 0 || s == 0)
                        && (q < stages - 1 ? t <= blocks - (stages - q) : t == blocks - 1);
                    costs[q][s, t] = isPossible ? seconds(q, s, t) : double.PositiveInfinity;
                    if (double.IsFinite(costs[q][s, t])) limits.Add(costs[q][s, t]);
                }
        }
        Cut? best = null;
        foreach (var limit in limits)
        {
            if (best is not null && (micros - 1) * limit >= best.Seconds) break; // the limits ascend
            if (Within(limit) is var (sum, ends) && double.IsFinite(sum)
                && sum + (micros - 1) * limit < (best?.Seconds ?? double.PositiveInfinity))
                best = new(ends, sum + (micros - 1) * limit);
        }
        return best;

        (double Sum, int[] Ends) Within(double limit)
        {
            var rest = new double[stages + 1, blocks + 1];
            var choice = new int[stages, blocks];
            for (var q = 0; q <= stages; q++)
                for (var s = 0; s <= blocks; s++) rest[q, s] = q == stages && s == blocks ? 0 : double.PositiveInfinity;
            for (var q = stages - 1; q >= 0; q--)
                for (var s = 0; s < blocks; s++)
                    for (var t = s; t < blocks; t++)
                        if (costs[q][s, t] <= limit && costs[q][s, t] + rest[q + 1, t + 1] < rest[q, s])
                            (rest[q, s], choice[q, s]) = (costs[q][s, t] + rest[q + 1, t + 1], t);
            if (!double.IsFinite(rest[0, 0])) return (double.PositiveInfinity, []);
            var ends = new int[stages];
            for (int q = 0, s = 0; q < stages; s = ends[q++] + 1) ends[q] = choice[q, s];
            return (rest[0, 0], ends);
        }
    }
}
