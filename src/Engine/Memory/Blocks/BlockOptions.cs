using Interactive.Memory.Chains;

namespace Interactive.Memory.Blocks;

/// <summary>
/// The ways to run a block for its backward, measured by the simulator: everything kept, cheap ops dropped, only
/// outputs of convolutions and matrix products kept, everything dropped, and what lies between. Of few values every
/// subset is tried, of many the ones met when values are dropped one by one, most bytes a second first. Options that
/// lose in every respect are left out, and of the rest a handful is kept, spread over what they save.
/// </summary>
internal sealed class BlockOptions(PlanningGraph graph)
{
    private const int Exhaustive = 7; // values of which all subsets are tried
    private const int Most = 8;       // options of a block

    private readonly ScheduleSimulator simulator = new(graph);
    private readonly StepWriter writer = new(graph) { Retention = new Retention(graph) };

    /// <summary>An option with the pattern behind it.</summary>
    public readonly record struct Measured(BlockOption Option, BlockPattern Pattern)
    {
        public double Seconds => Option.Forward + Option.Backward;
        public long Peak => Option.SavedBytes + Math.Max(Option.ForwardWorkspace, Option.BackwardWorkspace);
    }

    /// <summary>
    /// Bytes that stay from a block's first forward to its backward whatever is chosen: statistics, generator states.
    /// </summary>
    public long FixedBytes(Block block)
        => Nodes(block)
        .Sum(n => (n is { HasGraph: true, GraphIsChoice: false } ? n.Extra : 0)
        + (n.IsRandom ? PlanningGraph.GeneratorBytes : 0));

    /// <summary>Seconds of a run for the outputs alone.</summary>
    public double Seconds(Block block) => Nodes(block).Sum(n => n.Recompute);

    /// <summary>Bytes needed besides the outputs in a run that keeps only them.</summary>
    public long Workspace(Block block, IReadOnlyList<int> pinned)
    {
        var nothing = BlockPattern.Nothing(graph, block);
        return Math.Max(0,
            Measure(block, pinned, nothing, backward: false).ForwardPeak - FixedBytes(block) - Bytes(block.Outputs)
            - Bytes(Pinned(block, pinned)));
    }

    /// <summary>The options, each with its pattern.</summary>
    public List<Measured> Of(Block block, IReadOnlyList<int> pinned)
    {
        var found = new List<Measured>();
        var choices = Choices(block, pinned);
        if (choices.Count <= Exhaustive)
            for (var dropped = 0; dropped < 1 << choices.Count; dropped++)
                AddBoth(choices.Where((_, i) => (dropped >> i & 1) != 0));
        else
        {
            AddBoth([]);
            AddBoth(choices.Where(c => graph.Graph.Nodes[c.Node].Op.IsCheap));
            AddBoth(choices.Where(c => !graph.Graph.Nodes[c.Node].Op.IsCheap));
            AddBoth(choices);
            DropOneByOne();
        }
        return Pick(found);

        void AddBoth(IEnumerable<(int Node, bool IsGraph)> dropped)
        {
            foreach (var keep in new[] { Keep.OnceRecomputed, Keep.Never })
                found.Add(Cost(block, pinned, Pattern(block, dropped, keep)));
        }

        void DropOneByOne()
        {
            var dropped = new List<(int Node, bool IsGraph)>();
            var now = Cost(block, pinned, Pattern(block, [], Keep.OnceRecomputed));
            var left = choices.ToList();
            while (left.Count > 0)
            {
                var next =
                    left.Select(c
                    => (Choice: c, Then: Cost(block, pinned, Pattern(block, dropped.Append(c), Keep.OnceRecomputed))))
                    .MaxBy(
                    c => (now.Option.SavedBytes - c.Then.Option.SavedBytes) / Math.Max(c.Then.Seconds - now.Seconds,
                    1e-7));
                dropped.Add(next.Choice);
                left.Remove(next.Choice);
                now = next.Then;
                found.Add(now);
                found.Add(Cost(block, pinned, Pattern(block, dropped, Keep.Never)));
            }
        }
    }

    private IEnumerable<PlanningGraph.Facts> Nodes(Block block)
        => graph.Nodes.Skip(block.First).Take(block.End - block.First);

    private static Keep[] Filled(Block block, Keep keep) => [.. Enumerable.Repeat(keep, block.End - block.First)];

    private static IEnumerable<int> Pinned(Block block, IReadOnlyList<int> pinned)
        => pinned.Where(v => v > block.First && v <= block.End);

    private long Bytes(IEnumerable<int> values) => values.Sum(v => graph.ValueBytes[v]);

    private List<(int Node, bool IsGraph)> Choices(Block block, IReadOnlyList<int> pinned)
        => [.. Nodes(block)
        .Where(n => graph.IsSaved[n.Id + 1] && !graph.Stays[n.Id + 1] && !block.Outputs.Contains(n.Id + 1) && !pinned.Contains(n.Id + 1))
        .Select(n => (n.Id, false)),
            .. Nodes(block).Where(n => n.GraphIsChoice).Select(n => (n.Id, true))];

    private BlockPattern Pattern(Block block, IEnumerable<(int Node, bool IsGraph)> dropped, Keep keep)
    {
        var pattern = new BlockPattern(Filled(block, Keep.Throughout), Filled(block, Keep.Throughout));
        foreach (var node in Nodes(block))
            if (!graph.IsSaved[node.Id + 1] && !graph.Stays[node.Id + 1]) pattern.Values[node.Id - block.First] = Keep.Never;
        foreach (var (node, isGraph) in dropped)
        {
            // What is dear is made a second time at most.
            var level = graph.Graph.Nodes[node].Op.IsCheap && !graph.Nodes[node].IsSum ? keep : Keep.OnceRecomputed;
            (isGraph ? pattern.Graphs : pattern.Values)[node - block.First] = level;
        }
        return pattern;
    }

    private StretchCost Measure(Block block, IReadOnlyList<int> pinned, BlockPattern pattern, bool backward)
    {
        writer.Clear();
        pattern.Put(writer.Retention, block);
        int[] given = [.. block.Inputs, .. pinned.Where(v => v <= block.First)];
        int[] handedOn = [.. block.Outputs, .. Pinned(block, pinned)];
        foreach (var value in given) writer.Give(value);
        foreach (var node in Nodes(block)) writer.RunFirst(node);
        BlockWriter.CloseDropped(writer, block, handedOn);
        var forwards = block.End - block.First;
        if (backward)
            for (var n = block.End - 1; n >= block.First; n--) writer.BackwardOf(graph.Nodes[n]);
        return simulator.Measure(writer.Finish(out var into), into, forwards, given, handedOn);
    }

    private Measured Cost(Block block, IReadOnlyList<int> pinned, BlockPattern pattern)
    {
        var cost = Measure(block, pinned, pattern, backward: true);
        var always = FixedBytes(block) + Bytes(Pinned(block, pinned));
        var saved = Math.Max(cost.KeptBytes - always, Bytes(block.Outputs));
        var gradients = Bytes(block.Inputs) + Bytes(block.Outputs);
        // The gradient of a pinned value is counted where the value is.
        var besides = cost.BackwardPeak - always - Bytes(Pinned(block, pinned)) - saved - gradients;
        return new(new BlockOption("", Seconds(block), cost.BackwardSeconds, saved,
            Math.Max(0, cost.ForwardPeak - always - saved), Math.Max(besides, -Bytes(block.Inputs))), pattern);
    }

    private static List<Measured> Pick(List<Measured> found)
    {
        var front = new List<Measured>();
        foreach (var option in found.OrderBy(m => m.Option.SavedBytes).ThenBy(m => m.Seconds).ThenBy(m => m.Peak))
            if (front.Count == 0 || option.Seconds < front[^1].Seconds * 0.9999) front.Add(option);
        var small = found.MinBy(m => (m.Peak, m.Seconds));
        // Besides the ends those that bend the curve of bytes and seconds most.
        while (front.Count >= Most)
            front.RemoveAt(Enumerable.Range(1, front.Count - 2).MinBy(i => Bend(front[i - 1], front[i], front[i + 1])));
        if (!front.Contains(small)) front.Add(small);
        return front;

        static double Bend(Measured a, Measured b, Measured c)
        {
            var share = (double)(b.Option.SavedBytes - a.Option.SavedBytes) / (c.Option.SavedBytes
                - a.Option.SavedBytes);
            return a.Seconds + share * (c.Seconds - a.Seconds) - b.Seconds;
        }
    }
}
