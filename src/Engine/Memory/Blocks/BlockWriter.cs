using Interactive.Memory.Chains;

namespace Interactive.Memory.Blocks;

/// <summary>Turns a plan over the chain of blocks into a schedule of nodes.</summary>
internal sealed class BlockWriter(PlanningGraph graph, BlockChain chain)
{
    private readonly StepWriter writer = new(graph) { Retention = new Retention(graph) };

    /// <summary>The steps; in buffers that the next call overwrites.</summary>
    /// <param name="ops">A complete plan over the chain.</param>
    /// <param name="holdMasks">A kept input of a stretch stays until the block before it has run backward, if that
    /// reads it, instead of being made again.</param>
    /// <param name="into">Per step the input that is overwritten.</param>
    public ReadOnlySpan<Step> Write(IReadOnlyList<ChainOp> ops, bool holdMasks, out ReadOnlySpan<sbyte> into)
        => Write(ops, ops.Count, holdMasks, [], [], [], out into, out _);

    /// <summary>The same for a part of the chain that is given values from before it.</summary>
    /// <param name="ops">A plan over the part.</param>
    /// <param name="forwards">How many of them come before the gradient of the part's output.</param>
    /// <param name="holdMasks">As above.</param>
    /// <param name="given">Values that are there, and stay until backward.</param>
    /// <param name="sources">Nodes before the part whose results are always there.</param>
    /// <param name="handedOn">Values that are read once the forward is done.</param>
    /// <param name="into">Per step the input that is overwritten.</param>
    /// <param name="forwardSteps">How many steps, frees not counted, are the forward's.</param>
    public ReadOnlySpan<Step> Write(IReadOnlyList<ChainOp> ops, int forwards, bool holdMasks, IReadOnlyList<int> given,
        IReadOnlyList<int> sources,
        IReadOnlyList<int> handedOn, out ReadOnlySpan<sbyte> into, out int forwardSteps)
    {
        writer.Clear();
        var blocks = chain.Cuts.Blocks;
        foreach (var value in given) writer.Give(value);
        foreach (var node in sources) writer.RunFirst(graph.Nodes[node]);
        var first = ops[0].Stage; // a plan begins with its first block
        var (ran, saved) = (new bool[blocks.Count], new bool[blocks.Count]);
        forwardSteps = 0;
        for (var i = 0; i < ops.Count; i++)
        {
            if (i == forwards)
            {
                forwardSteps = writer.Steps;
                writer.Use(handedOn);
            }
            if (ops[i].Stage == blocks.Count) continue; // the loss runs by itself
            var (block, stage) = (blocks[ops[i].Stage], ops[i].Stage);
            switch (ops[i].Kind)
            {
                case ChainOpKind.Forward or ChainOpKind.Checkpoint:
                    chain.Nothing[stage].Put(writer.Retention, block);
                    Forward(block, ref ran[stage], []);
                    if (ops[i].Kind == ChainOpKind.Forward) DropInput(stage);
                    break;
                case ChainOpKind.ForwardAll:
                    var pattern = chain.Patterns[stage][ops[i].Option];
                    pattern.Put(writer.Retention, block);
                    saved[stage] = true;
                    // What a backward that follows at once reads is made when it asks.
                    if (ran[stage] && ops[i + 1].Kind == ChainOpKind.Backward) break;
                    Forward(block, ref ran[stage], Kept(block, pattern));
                    break;
                case ChainOpKind.Backward:
                    for (var n = block.End - 1; n >= block.First; n--) writer.BackwardOf(graph.Nodes[n]);
                    saved[stage] = false;
                    if (!holdMasks || stage > 0 && !block.Inputs.Any(v => graph.Nodes[v - 1].MasksByOutput))
                        DropInput(stage);
                    break;
            }
        }
        return writer.Finish(out into);

        void DropInput(int stage)
        {
            if (stage == first || saved[stage - 1]) return;
            foreach (var value in blocks[stage].Inputs)
                if (!graph.Stays[value]) writer.Close(value);
        }
    }

    /// <summary>Lets go of what a block has made and its pattern does not keep.</summary>
    public static void CloseDropped(StepWriter writer, Block block, IReadOnlyCollection<int> handedOn)
    {
        for (var v = block.First + 1; v <= block.End; v++)
            if (writer.Retention.Values[v] != Keep.Throughout && !handedOn.Contains(v)) writer.Close(v);
    }

    private static IEnumerable<int> Kept(Block block, BlockPattern pattern)
    {
        for (var n = block.First; n < block.End; n++)
            if (pattern.Values[n - block.First] == Keep.Throughout) yield return n;
    }

    private void Forward(Block block, ref bool ran, IEnumerable<int> kept)
    {
        if (!ran)
            for (var n = block.First; n < block.End; n++) writer.RunFirst(graph.Nodes[n]);
        else
        {
            foreach (var node in kept)
            {
                var facts = graph.Nodes[node];
                if (facts.GraphIsChoice && !writer.HasGraph(node) && writer.Retention.Graphs[node] == Keep.Throughout)
                    writer.Close(node + 1);
                writer.Ensure(node + 1);
            }
            foreach (var value in block.Outputs) writer.Ensure(value);
        }
        ran = true;
        CloseDropped(writer, block, chain.HandedOn[block]);
    }
}
