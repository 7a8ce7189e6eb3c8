using Interactive.Memory.Chains;

namespace Interactive.Memory.Blocks;

/// <summary>
/// A plan over the chain of blocks as a retention, for a search to refine: what is dropped twice by the plan is dropped
/// once there.
/// </summary>
internal static class BlockRetention
{
    /// <summary>Translates a complete plan.</summary>
    public static Retention Of(PlanningGraph graph, BlockChain chain, IReadOnlyList<ChainOp> ops)
    {
        var retention = new Retention(graph);
        var blocks = chain.Cuts.Blocks;
        var backward = Enumerable.Range(0, ops.Count).First(i => ops[i].Kind == ChainOpKind.Backward);
        var isKept = new bool[blocks.Count + 1]; // its output is there when backward begins
        var isSaved = new bool[blocks.Count + 1];
        for (var i = 0; i < backward; i++)
        {
            isKept[ops[i].Stage] = true;
            isSaved[ops[i].Stage] = ops[i].Kind == ChainOpKind.ForwardAll;
            if (ops[i].Kind == ChainOpKind.Forward && !isSaved[ops[i].Stage - 1]) isKept[ops[i].Stage - 1] = false;
        }
        foreach (var op in ops)
        {
            if (op.Kind != ChainOpKind.ForwardAll || op.Stage == blocks.Count) continue;
            var block = blocks[op.Stage];
            chain.Patterns[op.Stage][op.Option].Put(retention, block);
            if (isSaved[op.Stage]) continue;
            for (var n = block.First; n < block.End; n++)
            {
                if (graph.Stays[n + 1]) continue;
                if (retention.Values[n + 1] == Keep.Throughout) retention.Values[n + 1] = Keep.OnceRecomputed;
                if (retention.Graphs[n] == Keep.Throughout) retention.Graphs[n] = Keep.OnceRecomputed;
            }
        }
        for (var b = 0; b < blocks.Count; b++)
            foreach (var value in blocks[b].Outputs)
                retention.Values[value] = isKept[b] || graph.Stays[value] ? Keep.Throughout : Keep.OnceRecomputed;
        foreach (var value in chain.Cuts.Pinned.Concat(graph.Outputs)) retention.Values[value] = Keep.Throughout;
        return retention;
    }
}
