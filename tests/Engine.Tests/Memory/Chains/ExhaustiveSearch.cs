using Interactive.Memory.Chains;

namespace Interactive.Engine.Tests.Memory.Chains;

/// <summary>
/// Dijkstra over all states of a tiny chain (which outputs are held bare, which blocks are saved and how, how far
/// backward has come), free to drop anything at any time: the true optimum, without the planners' assumption of
/// persistence.
/// </summary>
internal static class ExhaustiveSearch
{
    public static double Cost(Chain chain, long budget)
    {
        var stages = chain.Stages;
        var start = (Bare: 0, Saved: 0, Next: stages.Count - 1); // a bit a stage, four bits a stage
        var best = new Dictionary<(int, int, int), double> { [start] = 0 };
        var queue = new PriorityQueue<(int Bare, int Saved, int Next), double>();
        if (Bytes(start) <= budget) queue.Enqueue(start, 0);
        while (queue.TryDequeue(out var state, out var seconds))
        {
            if (seconds > best[state]) continue;
            if (state.Next < 0) return seconds;
            var live = Bytes(state);
            for (var i = 0; i < stages.Count; i++)
            {
                if (IsBare(state, i)) Reach((state.Bare & ~(1 << i), state.Saved, state.Next), seconds);
                if (Option(state, i) >= 0) Reach((state.Bare, state.Saved & ~(15 << 4 * i), state.Next), seconds);
                if (i > state.Next || i > 0 && !IsBare(state, i - 1) && Option(state, i - 1) < 0
                    || Option(state, i) >= 0) continue;
                for (var o = 0; o < stages[i].Options.Count; o++)
                    if (stages[i].Options[o] is var option
                        && live + option.SavedBytes + option.ForwardWorkspace <= budget)
                        Reach((state.Bare & ~(1 << i), state.Saved | (o + 1) << 4 * i, state.Next),
                            seconds + option.Forward);
                if (!IsBare(state, i) && live + stages[i].OutputBytes + stages[i].Workspace <= budget)
                    Reach((state.Bare | 1 << i, state.Saved, state.Next), seconds + stages[i].Forward);
            }
            var last = state.Next;
            if (Option(state, last) is >= 0 and var chosen
                && (last == 0 || IsBare(state, last - 1) || Option(state, last - 1) >= 0)
                && live + InputGradient(last) + stages[last].Options[chosen].BackwardWorkspace <= budget)
                Reach((state.Bare & ~(1 << last), state.Saved & ~(15 << 4 * last), last - 1),
                    seconds + stages[last].Options[chosen].Backward);
        }
        return double.PositiveInfinity;

        bool IsBare((int Bare, int Saved, int Next) s, int i) => (s.Bare >> i & 1) != 0;
        int Option((int Bare, int Saved, int Next) s, int i) => (s.Saved >> 4 * i & 15) - 1;
        long InputGradient(int i) => i == 0 ? chain.InputGradientBytes : stages[i - 1].GradientBytes;
        long Bytes((int Bare, int Saved, int Next) s) => InputGradient(s.Next + 1) + Enumerable.Range(0, stages.Count)
            .Sum(i => (IsBare(s, i) ? stages[i].OutputBytes : 0)
            + (Option(s, i) is >= 0 and var o ? stages[i].Options[o].SavedBytes : 0));
        void Reach((int, int, int) next, double seconds)
        {
            if (Bytes(next) > budget || best.TryGetValue(next, out var known) && known <= seconds) return;
            best[next] = seconds;
            queue.Enqueue(next, seconds);
        }
    }
}
