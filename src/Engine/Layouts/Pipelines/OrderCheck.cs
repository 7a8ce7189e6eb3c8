namespace Interactive.Layouts;

/// <summary>
/// Whether the orders of all ranks fit one another: everything is run once, what an action reads is there before, and
/// nobody waits for ever, not even where a message leaves only once its receiver has asked for it.
/// </summary>
public static class OrderCheck
{
    /// <summary>What is wrong, or null.</summary>
    public static string? Problem(IPipelineOrder order, int ranks, int micros)
    {
        var actions = Enumerable.Range(0, ranks).Select(r => order.Actions(r, ranks, micros)).ToArray();
        for (var rank = 0; rank < ranks; rank++)
            if (Incomplete(order, actions[rank], micros) is { } text) return $"rank {rank} {text}";
        return Stuck(order, actions, unbuffered: false) ?? Stuck(order, actions, unbuffered: true);
    }

    private static string? Incomplete(IPipelineOrder order, IReadOnlyList<PipelineAction> actions, int micros)
    {
        PassKind[] wanted = order.IsSplit ? [PassKind.F, PassKind.B, PassKind.W] : [PassKind.F, PassKind.BW];
        if (actions.Count != wanted.Length * order.Chunks * micros) return $"has {actions.Count} actions";
        for (var chunk = 0; chunk < order.Chunks; chunk++)
            foreach (var pass in wanted)
            {
                var found = actions.Where(a => a.Chunk == chunk && a.Pass == pass).Select(a => a.Micro);
                if (!found.SequenceEqual(Enumerable.Range(0, micros)))
                    return $"runs {pass} of chunk {chunk} for {string.Join(' ', found)}";
            }
        return null;
    }

    // A message is received where the action that reads it begins; its receive is posted when the action before begins.
    // An unbuffered send may be on its way while so many more actions run as the order says, and then keeps its rank
    // from going on until its receive has been posted.
    private static string? Stuck(IPipelineOrder order, IReadOnlyList<PipelineAction>[] actions, bool unbuffered)
    {
        var (ranks, stages) = (actions.Length, actions.Length * order.Chunks);
        var ahead = order.SendsAhead(ranks);
        var backward = order.IsSplit ? PassKind.B : PassKind.BW;
        var at = new int[ranks];
        var done = new HashSet<(PassKind Pass, int Stage, int Micro)>();
        var home = new (int Rank, Dictionary<(PassKind, int), int> Place)[stages];
        for (var rank = 0; rank < ranks; rank++)
            for (var chunk = 0; chunk < order.Chunks; chunk++)
            {
                var mine = chunk;
                home[order.Stage(rank, chunk, ranks)] = (rank,
                    actions[rank].Select((a, i) => (a, i)).Where(p => p.a.Chunk == mine)
                    .ToDictionary(p => (p.a.Pass, p.a.Micro), p => p.i));
            }
        for (var moved = true; moved;)
        {
            moved = false;
            for (var rank = 0; rank < ranks; rank++)
                while (at[rank] < actions[rank].Count && Step(rank)) moved = true;
        }
        for (var rank = 0; rank < ranks; rank++)
            if (at[rank] < actions[rank].Count) return $"rank {rank} never gets beyond {actions[rank][at[rank]]}{(unbuffered ? " without buffers" : "")}";
        return null;

        bool Step(int rank)
        {
            var action = actions[rank][at[rank]];
            var stage = order.Stage(rank, action.Chunk, ranks);
            var ready = action.Pass switch
            {
                PassKind.F => stage == 0 || done.Contains((PassKind.F, stage - 1, action.Micro)),
                PassKind.W => done.Contains((PassKind.B, stage, action.Micro)),
                _
                    => done.Contains((PassKind.F, stage, action.Micro))
                    && (stage == stages - 1 || done.Contains((backward, stage + 1, action.Micro))),
            };
            if (!ready || unbuffered && at[rank] > ahead && !HasLeft(rank, at[rank] - ahead - 1)) return false;
            done.Add((action.Pass, stage, action.Micro));
            at[rank]++;
            return true;
        }

        bool HasLeft(int rank, int index)
        {
            var action = actions[rank][index];
            var stage = order.Stage(rank, action.Chunk, ranks);
            var to = action.Pass == PassKind.F ? stage + 1 : action.Pass == PassKind.W ? -1 : stage - 1;
            return to < 0 || to >= stages || home[to].Rank == rank
                || home[to].Place[(action.Pass == PassKind.F ? PassKind.F : backward,
                action.Micro)] <= at[home[to].Rank] + 1;
        }
    }
}
