namespace Interactive.Layouts;

/// <summary>
/// Bytes of activations on one rank over a step: what each micro-batch in flight holds, and messages on their way.
/// </summary>
public static class RankBytes
{
    /// <summary>The most.</summary>
    /// <param name="actions">What the rank does. A receive is posted when the action before begins, a send may be on
    /// its way while some more actions run.</param>
    /// <param name="chunks">The rank's stages.</param>
    /// <param name="ahead">How many.</param>
    /// <param name="arrives">(chunk, pass): whether its input comes from another rank.</param>
    public static long Peak(IReadOnlyList<PipelineAction> actions, IReadOnlyList<StagePlan> chunks, int ahead,
        Func<int, PassKind, bool> arrives)
    {
        var held = new Dictionary<(int, int), long>();
        var leaving = new Queue<long>();
        long rest = 0, peak = 0, sending = 0;
        for (var k = 0; k < actions.Count; k++)
        {
            var action = actions[k];
            var plan = chunks[action.Chunk];
            var isForward = action.Pass == PassKind.F;
            if (leaving.Count > ahead) sending -= leaving.Dequeue();
            var sent = action.Pass == PassKind.W ? 0 : isForward ? plan.SentBytes : plan.InputGradientBytes;
            leaving.Enqueue(sent);
            held.Remove((action.Chunk, action.Micro), out var own);
            rest -= own;
            var posted = k + 1 < actions.Count ? Received(actions[k + 1]) : 0;
            peak = Math.Max(peak,
                rest + (isForward ? plan.ForwardPeak
                : action.Pass == PassKind.W ? plan.DeferredPeak : plan.BackwardPeak) + posted + sending);
            if (action.Pass is PassKind.F or PassKind.B)
                rest += held[(action.Chunk, action.Micro)] = isForward ? plan.KeptBytes : plan.DeferredBytes;
            sending += sent;
        }
        return peak;

        long Received(PipelineAction next) => next.Pass == PassKind.W || !arrives(next.Chunk, next.Pass) ? 0
            : next.Pass == PassKind.F ? chunks[next.Chunk].InputBytes : chunks[next.Chunk].OutputGradientBytes;
    }
}
