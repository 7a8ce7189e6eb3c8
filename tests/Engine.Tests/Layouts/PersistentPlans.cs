using Interactive.Memory.Chains;

namespace Interactive.Engine.Tests.Layouts;

/// <summary>
/// Every plan of a stage that keeps a checkpoint until it is used, and a replay of it that knows nothing of
/// recurrences.
/// </summary>
internal static class PersistentPlans
{
    /// <summary>All pairs of a forward and a backward.</summary>
    /// <param name="chain">The blocks.</param>
    /// <param name="s">First block.</param>
    /// <param name="t">Last block.</param>
    /// <param name="whole">Those too that keep nothing but the stage's input.</param>
    public static IEnumerable<(ChainOp[] Forward, ChainOp[] Backward)> Of(Chain chain, int s, int t, bool whole)
    {
        if (s > t)
        {
            yield return ([], []);
            yield break;
        }
        for (var o = 0; o < chain.Stages[s].Options.Count; o++)
            foreach (var (forward, backward) in Of(chain, s + 1, t, whole))
                yield return ([new(ChainOpKind.ForwardAll, s, o), .. forward],
                    [.. backward, new(ChainOpKind.Backward, s)]);
        for (var j = s; j < t || whole && j == t; j++)
            foreach (var (forward, backward) in Of(chain, j + 1, t, whole))
                foreach (var again in Again(chain, s, j))
                    yield return ([.. Plain(s, j), .. forward], [.. backward, .. again]);
    }

    private static ChainOp[] Plain(int s, int j)
        => [new(ChainOpKind.Checkpoint, s),
        .. Enumerable.Range(s + 1, j - s).Select(k => new ChainOp(ChainOpKind.Forward, k))];

    // From the kept input of s and the gradient of t's output.
    private static IEnumerable<ChainOp[]> Again(Chain chain, int s, int t)
    {
        for (var o = 0; o < chain.Stages[s].Options.Count; o++)
            if (s == t) yield return [new(ChainOpKind.ForwardAll, s, o), new(ChainOpKind.Backward, s)];
            else
                foreach (var inner in Again(chain, s + 1, t))
                    yield return [new(ChainOpKind.ForwardAll, s, o), .. inner, new(ChainOpKind.Backward, s)];
        for (var j = s; j < t; j++)
            foreach (var right in Again(chain, j + 1, t))
                foreach (var left in Again(chain, s, j)) yield return [.. Plain(s, j), .. right, .. left];
    }

    /// <summary>Bytes at most, bytes kept between the passes, and seconds; the stage's input is not counted.</summary>
    public static (long Peak, long Kept, double Seconds) Replay(Chain chain, IReadOnlyList<ChainOp> forward,
        IReadOnlyList<ChainOp> backward)
    {
        var (bare, saved) = (new bool[chain.Stages.Count], new int[chain.Stages.Count]);
        var (live, peak, kept, seconds) = (0L, 0L, 0L, 0.0);
        for (var i = 0; i <= forward.Count + backward.Count; i++)
        {
            if (i == forward.Count)
            {
                Drop(chain.Stages.Count - 1); // it has been sent
                kept = live;
                live += chain.Stages[^1].GradientBytes;
            }
            if (i == forward.Count + backward.Count) break;
            var op = i < forward.Count ? forward[i] : backward[i - forward.Count];
            var stage = chain.Stages[op.Stage];
            switch (op.Kind)
            {
                case ChainOpKind.Forward or ChainOpKind.Checkpoint:
                    seconds += stage.Forward;
                    peak = Math.Max(peak, live + stage.OutputBytes + stage.Workspace);
                    live += stage.OutputBytes;
                    bare[op.Stage] = true;
                    if (op.Kind == ChainOpKind.Forward) Drop(op.Stage - 1);
                    break;
                case ChainOpKind.ForwardAll:
                    var option = stage.Options[op.Option];
                    seconds += option.Forward;
                    peak = Math.Max(peak, live + option.SavedBytes + option.ForwardWorkspace);
                    live += option.SavedBytes;
                    saved[op.Stage] = op.Option + 1;
                    break;
                default:
                    var way = stage.Options[saved[op.Stage] - 1];
                    var input = op.Stage == 0 ? chain.InputGradientBytes : chain.Stages[op.Stage - 1].GradientBytes;
                    seconds += way.Backward;
                    peak = Math.Max(peak, live + input + way.BackwardWorkspace);
                    live += input - way.SavedBytes - stage.GradientBytes;
                    Drop(op.Stage);
                    Drop(op.Stage - 1);
                    break;
            }
        }
        return (peak, kept, seconds);

        void Drop(int stage)
        {
            if (stage < 0 || !bare[stage]) return;
            bare[stage] = false;
            live -= chain.Stages[stage].OutputBytes;
        }
    }
}
