using Interactive.Memory.Chains;

namespace Interactive.Memory.Blocks;

/// <summary>A planning graph as a chain for the dynamic programme, with the patterns behind its options.</summary>
internal sealed class BlockChain
{
    /// <summary>
    /// Measures the blocks. Blocks of the same shapes are measured once, with the mean of their seconds.
    /// </summary>
    public BlockChain(PlanningGraph graph, BlockCuts cuts)
    {
        Cuts = cuts;
        var options = new BlockOptions(Averaged(graph, Cuts));
        var stages = new List<ChainStage>();
        var kinds = new Dictionary<string, (ChainStage Stage, BlockPattern[] Patterns)>();
        foreach (var block in Cuts.Blocks)
        {
            var key = Key(graph, block, Cuts.Pinned);
            if (!kinds.TryGetValue(key, out var kind))
            {
                var measured = options.Of(block, Cuts.Pinned);
                var output = block.Outputs.Sum(v => graph.ValueBytes[v]);
                kinds[key] = kind = (new ChainStage(options.Seconds(block), output,
                    options.Workspace(block, Cuts.Pinned), output, [.. measured.Select(m => m.Option)]),
                    [.. measured.Select(m => m.Pattern)]);
            }
            stages.Add(kind.Stage);
            Patterns.Add(kind.Patterns);
            Nothing.Add(BlockPattern.Nothing(graph, block));
            HandedOn[block] = [.. block.Outputs, .. Cuts.Pinned];
            AlwaysBytes += options.FixedBytes(block);
        }
        // The value and, from where it is read, its gradient.
        AlwaysBytes += 2 * Cuts.Pinned.Sum(v => graph.ValueBytes[v]);
        stages.Add(new ChainStage(graph.Profile.Loss, 0, 0, 0,
            [new BlockOption("loss", graph.Profile.Loss, 0, 0, 0, graph.Profile.LossWorkspace)]));
        Chain = new Chain(stages);
    }

    /// <summary>The blocks; the loss is one more stage of the chain.</summary>
    public BlockCuts Cuts { get; }
    /// <summary>For the dynamic programme.</summary>
    public Chain Chain { get; }
    /// <summary>By block and option.</summary>
    public List<BlockPattern[]> Patterns { get; } = [];
    /// <summary>By block: nothing but the output is kept.</summary>
    public List<BlockPattern> Nothing { get; } = [];
    /// <summary>Values of or before a block that outlive it.</summary>
    public Dictionary<Block, HashSet<int>> HandedOn { get; } = [];
    /// <summary>Bytes beside the chain's, at most: statistics, pinned values and their gradients.</summary>
    public long AlwaysBytes { get; }

    private static string Key(PlanningGraph graph, Block block, IReadOnlyList<int> pinned)
    {
        var text = new System.Text.StringBuilder();
        for (var n = block.First; n < block.End; n++)
        {
            var node = graph.Nodes[n];
            text.Append(graph.Graph.Nodes[n].Op.Kind).Append(node.Rectifies ? '+' : node.StaysApart ? ',' : ' ')
                .Append(node.HasBackward ? ' ' : 'f');
            foreach (var input in node.Inputs)
                text.Append(graph.IsFixed[input] ? "x"
                : pinned.Contains(input) && input <= block.First ? "p" + graph.ValueBytes[input]
                : input > block.First ? $"{input - block.First}" : $"i{Array.IndexOf(block.Inputs, input)}")
                .Append(graph.Wants[input] ? ' ' : 'f');
            text.Append(graph.ValueBytes[n + 1]).Append(' ').Append(node.Extra).Append(' ')
                .Append(node.ForwardWorkspace).Append(' ').Append(node.RecomputeWorkspace)
                .Append(' ').Append(node.BackwardWorkspace).Append(' ').Append(node.BackwardResidue).Append(' ')
                .AppendJoin(' ', node.ParameterWays.Concat(node.InputWays).Select(w => w.Workspace))
                .Append(graph.IsSaved[n + 1] ? 's' : ' ').Append(pinned.Contains(n + 1) ? 'p' : ' ')
                .Append(block.Outputs.Contains(n + 1) ? 'o' : ' ').Append('|');
        }
        foreach (var input in block.Inputs) text.Append(graph.ValueBytes[input]).Append(' ');
        return text.ToString();
    }

    // Blocks of one kind take the same time; what a measured profile says otherwise is noise.
    private static PlanningGraph Averaged(PlanningGraph graph, BlockCuts cuts)
    {
        var nodes = graph.Profile.Nodes.ToArray();
        foreach (var kind in cuts.Blocks.GroupBy(b => Key(graph, b, cuts.Pinned)))
            for (var i = 0; i < kind.First().End - kind.First().First; i++)
            {
                var same = kind.Select(b => graph.Profile.Nodes[b.First + i]).ToArray();
                foreach (var block in kind)
                    nodes[block.First + i] =
                        nodes[block.First + i] with
                        {
                            Forward = same.Average(n => n.Forward),
                            Recompute = same.Average(n => n.Recompute),
                            Backward = same.Average(n => n.Backward)
                        };
            }
        return new PlanningGraph(graph.Graph, graph.Profile with { Nodes = nodes });
    }
}
