using Interactive.Graphs;
using Interactive.Graphs.Partition;
using Interactive.Memory;
using Interactive.Memory.Blocks;
using Interactive.Memory.Chains;
using Interactive.Runtime;

namespace Interactive.Layouts;

/// <summary>
/// Chooses the stages of one layout and what each of them recomputes, together, so that a step is shortest within the
/// bytes of every rank. What is handed out has been replayed: its bytes are exact, and every rank's fit.
/// </summary>
/// <param name="source">The model.</param>
/// <param name="graph">The model, fused, with the profile of one micro-batch.</param>
/// <param name="layout">The layout, fitted to ranks and batch.</param>
/// <param name="bytesPerSecond">Speed of a link between two ranks.</param>
/// <param name="shards">What data ranks divide, of a net that is not cut.</param>
/// <param name="partition">Of which each rank runs its slices; null where it runs all.</param>
internal sealed class LayoutPlanner(Graph source, PlanningGraph graph, Layout layout, double bytesPerSecond,
    Shards shards, PartitionedGraph? partition = null)
{
    private const int Slots = 128, Tries = 24;
    private readonly int stages = layout.Pipe * layout.Order.Chunks;
    private readonly StageWriter writer = new(graph);

    /// <summary>
    /// The plan within a number of bytes on every rank, or null; without a limit nothing is recomputed.
    /// </summary>
    /// <exception cref="UsageException">The net cannot be cut into so many stages.</exception>
    public LayoutPlan? Within(long? bytes)
    {
        if (layout.Stages.Count > 0 && layout.Stages.Count != stages - 1)
            throw new UsageException($"--stages names {layout.Stages.Count} first layers, {layout} has {stages} stages: name {stages - 1}");
        int[] named = [.. Stage.Starts(graph.Graph, layout.Stages)];
        if (named.Length > 0 && bytes is null) return Plan(named, null);
        var chain = new BlockChain(graph, Blocks(named));
        var blocks = chain.Cuts.Blocks;
        if (blocks.Count < stages) throw new UsageException($"{source.Name} can be cut into {blocks.Count} stages at most, {layout} has {stages}: pipe={Math.Max(1, blocks.Count / layout.Order.Chunks)} works");
        int[] starts = named.Length > 0 ? named
            : [.. Free(chain.Chain, blocks.Count).Ends.Take(stages - 1).Select(e => blocks[e + 1].First)];
        if (Plan(starts, null) is var easy && (bytes is null || easy.PeakBytes <= bytes)) return easy;
        return Tight(chain, bytes.Value, named);
    }

    // Where one value alone crosses, and where a stage was asked to begin.
    private BlockCuts Blocks(IEnumerable<int> named)
    {
        var (places, tears) = (Stage.Places(graph.Graph).ToHashSet(), Stage.Tears(graph.Graph));
        int[] open = [.. BlockCuts.Of(graph, 1, pins: false).Blocks.Skip(1).Select(b => b.First).Where(places.Contains)];
        int[] sound = [.. open.Where(place => !tears.Contains(place))];
        // too few: whoever sets the stages up says which buffer is in the way
        int[] bounds = [0, .. (sound.Length >= stages - 1 ? sound : open).Union(named).Order(), graph.Nodes.Length];
        int[] Crossing(int place)
            => place == graph.Nodes.Length ? graph.Outputs : [.. Stage.Crossing(graph.Graph, place).Select(v => v.Id)];
        return new([.. Enumerable.Range(0, bounds.Length - 1)
            .Select(i => new Block(bounds[i], bounds[i + 1], Crossing(bounds[i]), Crossing(bounds[i + 1])))], []);
    }

    private StageSplit.Cut Free(Chain chain, int count)
    {
        var seconds = chain.Stages.Select(s => s.Options.Min(o => o.Forward + o.Backward)).ToArray();
        seconds[count - 1] += seconds[count]; // the loss
        return StageSplit.Best(count, stages, layout.Micro, (_, s, t) => seconds.Skip(s).Take(t - s + 1).Sum())!;
    }

    private LayoutPlan? Tight(BlockChain chain, long bytes, int[] named)
    {
        if (layout.Order.Chunks > 1) return null;
        var blocks = chain.Cuts.Blocks;
        var largest = bytes - Enumerable.Range(0, blocks.Count).Min(b => FixedBytes(blocks[b].First, blocks[b].End));
        if (largest <= 0) return null;
        var table = new StageTable(chain.Chain, Math.Max(1, (double)largest / Slots), Slots);
        var inFlight = Enumerable.Range(0, stages).Select(InFlight).ToArray();
        var tables = new float[blocks.Count + 1][][]; // the last one ends with the loss
        for (var share = 1.0; share > 0.3; share -= 0.7 / Tries)
        {
            var cut = StageSplit.Best(blocks.Count, stages, layout.Micro,
                (q, s, t)
                => IsAllowed(q, s) ? table.Of(Table(t)[s], inFlight[q], table.Units(Room(q, s, t, share))).Seconds
                : double.PositiveInfinity);
            if (cut is null) return null;
            var schedules = new List<StageSchedule>();
            int[] starts = [.. cut.Ends.Take(stages - 1).Select(e => blocks[e + 1].First)];
            var parts = Stage.Cut(graph.Graph, starts);
            for (int q = 0, s = 0; q < stages; s = cut.Ends[q++] + 1)
            {
                var t = cut.Ends[q];
                var last = t == blocks.Count - 1 ? t + 1 : t;
                var ops = table.Ops(Table(t), s, last, inFlight[q], table.Units(Room(q, s, t, share)),
                    out var forwards);
                schedules.Add(Smaller(parts[q], chain, ops, forwards));
            }
            if (Plan(starts, schedules) is var plan && plan.PeakBytes <= bytes) return plan;
        }
        return null;

        bool IsAllowed(int q, int s) => named.Length == 0 || blocks[s].First == (q == 0 ? 0 : named[q - 1]);
        float[][] Table(int t)
            => t == blocks.Count - 1 ? tables[t + 1] ??= table.EndingWith(t + 1) : tables[t] ??= table.EndingWith(t);

        long Room(int q, int s, int t, double share)
        {
            long inputs = blocks[s].Inputs.Sum(v => graph.ValueBytes[v]),
                outputs = t == blocks.Count - 1 ? 0 : blocks[t].Outputs.Sum(v => graph.ValueBytes[v]);
            return Math.Max(0,
                (long)(share
                * (bytes - FixedBytes(blocks[s].First, blocks[t].End) - inFlight[q] * inputs - inputs - outputs)));
        }
    }

    // What is held for a mask either stays or is made again: whichever takes fewer bytes.
    private StageSchedule Smaller(Stage stage, BlockChain chain, List<ChainOp> ops, int forwards)
    {
        var (hold, drop) = (writer.Of(stage, chain, ops, forwards, holdMasks: true),
            writer.Of(stage, chain, ops, forwards, holdMasks: false));
        return Peak(hold) <= Peak(drop) ? hold : drop;
        long Peak(StageSchedule schedule)
            => StagePlan.Of(graph, schedule) is var plan
            ? Math.Max(plan.ForwardPeak, plan.BackwardPeak) + (InFlight(0) - 1) * plan.KeptBytes : 0;
    }

    private int InFlight(int stage)
    {
        var (flying, most) = (0, 0);
        foreach (var action in layout.Order.Actions(stage % layout.Pipe, layout.Pipe, layout.Micro))
        {
            flying += action.Pass switch { PassKind.F => 1, PassKind.B => 0, _ => -1 };
            most = Math.Max(most, flying);
        }
        return most;
    }

    /// <summary>
    /// Parameters of all stages, which every rank keeps; gradients and a state of their size of its own; buffers and
    /// its batch.
    /// </summary>
    private long FixedBytes(int first, int end, StageSchedule? schedule = null)
        => shards.Level == 0 ? everyRanks.Value + 2 * Trained(first, end)
        : everyRanks.Value - Trained(0, graph.Nodes.Length) + shards.Bytes(graph.Graph, layout.Data, schedule);

    private long Trained(int first, int end)
        => graph.Graph.Nodes.Skip(first).Take(end - first).SelectMany(n => n.Op.Parameters).Where(p => p.requires_grad)
        .DistinctBy(p => p.Identity()).Sum(p => p.numel() * p.element_size());

    private readonly Lazy<long> everyRanks = new(()
        => source.parameters().DistinctBy(p => p.Identity()).Sum(p => p.numel() * p.element_size())
        - (partition?.Slices ?? []).Sum(s => (s.Whole.numel() - s.Mine.numel()) * s.Whole.element_size())
        + source.buffers().Sum(b => b.numel() * b.element_size())
            + layout.Micro * source.Inputs.Sum(v => v.Bytes(graph.Profile.Batch)));

    private LayoutPlan Plan(IReadOnlyList<int> starts, IReadOnlyList<StageSchedule>? schedules)
    {
        schedules ??= [.. Stage.Cut(graph.Graph, starts).Select(writer.KeepAll)];
        if (layout.Order.IsSplit) schedules = [.. schedules.Select(writer.Split)];
        var plans = schedules.Select(s => StagePlan.Of(graph, s)).ToArray();
        var order = layout.Order;
        var run = LayoutSimulator.Run(order, layout.Pipe, layout.Micro, [.. plans.Select(p => p.Times)],
            s => plans[s].OutputBytes / bytesPerSecond);
        var rankOf = new int[stages];
        for (var rank = 0; rank < layout.Pipe; rank++)
            for (var chunk = 0; chunk < order.Chunks; chunk++) rankOf[order.Stage(rank, chunk, layout.Pipe)] = rank;
        var exchanged = Exchanged();
        var sums = 0.0;
        var shares = new List<RankShare>();
        for (var rank = 0; rank < layout.Pipe; rank++)
        {
            var numbers = Enumerable.Range(0, order.Chunks).Select(c => order.Stage(rank, c, layout.Pipe)).ToArray();
            var mine = numbers.Select(n => plans[n]).ToArray();
            var me = rank;
            bool Arrives(int chunk, PassKind pass)
                => numbers[chunk] + (pass == PassKind.F ? -1 : 1) is var other && other >= 0 && other < stages
                && rankOf[other] != me;
            var peak = RankBytes.Peak(order.Actions(rank, layout.Pipe, layout.Micro), mine,
                order.SendsAhead(layout.Pipe), Arrives);
            var held = mine.Sum(p => FixedBytes(p.Schedule.Stage.First, p.Schedule.Stage.End, p.Schedule) - everyRanks.Value);
            var parameters = mine.Sum(p => Trained(p.Schedule.Stage.First, p.Schedule.Stage.End))
                - (layout.ShardsLinear ? partition!.Slices : []).Where(s => s.Mine.requires_grad).Sum(s => s.Mine.numel() * s.Mine.element_size());
            var summed = shards.Transfers(layout.Micro) * parameters * (layout.Data - 1) / layout.Data
                + layout.Micro * exchanged;
            sums = Math.Max(sums, summed / bytesPerSecond);
            long sent = 0;
            for (var c = 0; c < mine.Length; c++)
                sent += layout.Micro
                    * ((Arrives(c, PassKind.BW) ? mine[c].OutputBytes : 0)
                    + (Arrives(c, PassKind.F) ? mine[c].InputGradientBytes : 0));
            shares.Add(new(rank, graph.Graph.Nodes[mine[0].Schedule.Stage.First].Name,
                graph.Graph.Nodes[mine[^1].Schedule.Stage.End - 1].Name,
                everyRanks.Value + held, peak, run.Busy(rank), sent + summed));
        }
        return new(layout, plans, run, shares, sums);
    }

    // Bytes that a rank sends to those with other slices, for one micro-batch.
    private long Exchanged()
    {
        if (partition is null) return 0;
        var loss = sizeof(float) * (layout.Tensor - 1) * partition.LossNumbers
            * (graph.Graph.Output.Bytes(graph.Profile.Batch) / (graph.Graph.Output.Shape[^1] * sizeof(float)));
        return loss + graph.Graph.Nodes.Sum(n => n.Op.SentBytes(n, graph.Profile.Batch) is var (forward, backward)
            ? forward + (n.Inputs is [{ NeedsGradient: true }] ? backward : 0) : 0);
    }
}
