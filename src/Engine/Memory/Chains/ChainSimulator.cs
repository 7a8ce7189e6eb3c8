namespace Interactive.Memory.Chains;

/// <summary>Replays a plan over a chain: the referee of the planners, which knows nothing of how they work.</summary>
public static class ChainSimulator
{
    /// <summary>Time and peak of these operations.</summary>
    /// <exception cref="InvalidOperationException">An operation lacks its input, or the plan does not end with every
    /// gradient.</exception>
    public static ChainPlan Replay(Chain chain, IReadOnlyList<ChainOp> ops)
    {
        var stages = chain.Stages;
        var bare = new bool[stages.Count];  // output held on its own
        var saved = new int[stages.Count];  // option + 1 under which the block is saved
        var next = stages.Count - 1;        // the block whose backward comes next
        var live = stages[next].GradientBytes;
        var (peak, seconds) = (live, 0.0);

        bool Has(int stage) => stage < 0 || bare[stage] || saved[stage] > 0;
        void DropBare(int stage)
        {
            if (stage < 0 || !bare[stage]) return;
            bare[stage] = false;
            live -= stages[stage].OutputBytes;
        }

        foreach (var op in ops)
        {
            var stage = stages[op.Stage];
            if (!Has(op.Stage - 1))
                throw new InvalidOperationException($"{op.Kind} of block {op.Stage}: its input is not there");
            switch (op.Kind)
            {
                case ChainOpKind.Forward or ChainOpKind.Checkpoint:
                    if (bare[op.Stage]) throw new InvalidOperationException($"{op.Kind} of block {op.Stage}: its output is there already");
                    seconds += stage.Forward;
                    peak = Math.Max(peak, live + stage.OutputBytes + stage.Workspace);
                    live += stage.OutputBytes;
                    bare[op.Stage] = true;
                    if (op.Kind == ChainOpKind.Forward) DropBare(op.Stage - 1);
                    break;
                case ChainOpKind.ForwardAll:
                    if (saved[op.Stage] > 0) throw new InvalidOperationException($"block {op.Stage} is saved already");
                    var option = stage.Options[op.Option];
                    seconds += option.Forward;
                    peak = Math.Max(peak, live + option.SavedBytes + option.ForwardWorkspace);
                    live += option.SavedBytes;
                    saved[op.Stage] = op.Option + 1;
                    break;
                case ChainOpKind.Backward:
                    if (op.Stage != next || saved[op.Stage] == 0) throw new InvalidOperationException($"backward of block {op.Stage}: {(op.Stage == next ? "it is not saved" : $"it is the turn of block {next}")}");
                    var kept = stage.Options[saved[op.Stage] - 1];
                    seconds += kept.Backward;
                    peak = Math.Max(peak, live + chain.InputGradient(op.Stage) + kept.BackwardWorkspace);
                    live += chain.InputGradient(op.Stage) - kept.SavedBytes - stage.GradientBytes;
                    saved[op.Stage] = 0;
                    DropBare(op.Stage);
                    DropBare(op.Stage - 1);
                    next--;
                    break;
            }
        }
        if (next >= 0) throw new InvalidOperationException($"the plan ends before the backward of block {next}");
        return new ChainPlan(seconds, peak, ops);
    }
}
