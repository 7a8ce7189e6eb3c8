namespace Interactive.Layouts;

/// <summary>When an action of a rank runs.</summary>
/// <param name="Rank">The rank.</param>
/// <param name="Stage">Its stage.</param>
/// <param name="Action">What it does.</param>
/// <param name="Start">Seconds from the step's begin.</param>
/// <param name="End">The same.</param>
public readonly record struct Span(int Rank, int Stage, PipelineAction Action, double Start, double End);

/// <summary>A step of a pipeline, played through.</summary>
/// <param name="Spans">By rank, in order.</param>
/// <param name="InFlight">By rank: the most micro-batches between forward and the end of backward, a chunk counting its
/// part.</param>
public sealed record LayoutRun(IReadOnlyList<IReadOnlyList<Span>> Spans, IReadOnlyList<double> InFlight)
{
    /// <summary>From the first begin to the last end.</summary>
    public double StepSeconds => Spans.Max(s => s[^1].End);

    /// <summary>From a rank's own begin to its own end, the longest.</summary>
    public double LongestOwnSpan => Spans.Max(s => s[^1].End - s[0].Start);

    /// <summary>Seconds that a rank computes.</summary>
    public double Busy(int rank) => Spans[rank].Sum(s => s.End - s.Start);

    /// <summary>The part of the step in which ranks wait, all together.</summary>
    public double IdleShare => 1 - Enumerable.Range(0, Spans.Count).Sum(Busy) / (Spans.Count * StepSeconds);

    /// <summary>
    /// The bubble as Qi et al. count it: what is idle of the longest own span, for ranks of equal work.
    /// </summary>
    public double BubbleRate => 1 - Enumerable.Range(0, Spans.Count).Max(Busy) / LongestOwnSpan;
}

/// <summary>
/// Plays an order through: every rank runs its actions one after another, each as soon as what it reads has come.
/// </summary>
public static class LayoutSimulator
{
    /// <summary>A step.</summary>
    /// <param name="order">The order.</param>
    /// <param name="ranks">Of the pipeline.</param>
    /// <param name="micros">Micro-batches.</param>
    /// <param name="times">By stage.</param>
    /// <param name="transfer">By stage: seconds from the end of its forward to the begin of the next stage's, and back
    /// again; between ranks only. Default: none.</param>
    /// <exception cref="ArgumentException">There are not as many stages as the order has.</exception>
    public static LayoutRun Run(IPipelineOrder order, int ranks, int micros, IReadOnlyList<StageTimes> times,
        Func<int, double>? transfer = null)
    {
        var stages = ranks * order.Chunks;
        if (times.Count != stages)
            throw new ArgumentException($"{order.Name} over {ranks} ranks has {stages} stages, got {times.Count}",
            nameof(times));
        var rankOf = new int[stages];
        for (var rank = 0; rank < ranks; rank++)
            for (var chunk = 0; chunk < order.Chunks; chunk++) rankOf[order.Stage(rank, chunk, ranks)] = rank;
        var actions = Enumerable.Range(0, ranks).Select(r => order.Actions(r, ranks, micros)).ToArray();
        var spans = actions.Select(a => new List<Span>(a.Count)).ToArray();
        var (now, flying, most) = (new double[ranks], new int[ranks], new int[ranks]);
        var forward = new double[stages, micros];
        var backward = new double[stages, micros];
        foreach (var table in new[] { forward, backward })
            for (var s = 0; s < stages; s++)
                for (var i = 0; i < micros; i++) table[s, i] = double.NaN;
        for (var moved = true; moved;)
        {
            moved = false;
            for (var rank = 0; rank < ranks; rank++)
                while (spans[rank].Count < actions[rank].Count && Step(rank, actions[rank][spans[rank].Count]))
                    moved = true;
        }
        for (var rank = 0; rank < ranks; rank++)
            if (spans[rank].Count < actions[rank].Count) throw new InvalidOperationException($"rank {rank} never gets beyond {actions[rank][spans[rank].Count]}");
        return new(spans, [.. most.Select(m => (double)m / order.Chunks)]);

        bool Step(int rank, PipelineAction action)
        {
            var stage = order.Stage(rank, action.Chunk, ranks);
            var ready = action.Pass switch
            {
                PassKind.F => stage == 0 ? 0 : forward[stage - 1, action.Micro] + Delay(stage - 1, stage),
                PassKind.W => 0,
                _ => stage == stages - 1 ? 0 : backward[stage + 1, action.Micro] + Delay(stage, stage + 1),
            };
            if (double.IsNaN(ready)) return false;
            var start = Math.Max(now[rank], ready);
            now[rank] = start + times[stage].Of(action.Pass);
            spans[rank].Add(new(rank, stage, action, start, now[rank]));
            if (action.Pass == PassKind.F)
            {
                forward[stage, action.Micro] = now[rank];
                most[rank] = Math.Max(most[rank], ++flying[rank]);
            }
            else
            {
                if (action.Pass != PassKind.W) backward[stage, action.Micro] = now[rank];
                if (action.Pass != PassKind.B) flying[rank]--;
            }
            return true;
        }

        double Delay(int before, int after) => rankOf[before] == rankOf[after] ? 0 : transfer?.Invoke(before) ?? 0;
    }
}
