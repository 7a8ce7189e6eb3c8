using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>What one node of an unfused graph does to the bytes of a step under plain autograd.</summary>
/// <param name="Keeps">By input: its bytes stay until backward.</param>
/// <param name="KeepsOutput">The output's bytes stay until backward.</param>
/// <param name="IsAlias">The output shares the first input's bytes.</param>
/// <param name="Extra">Bytes kept besides: statistics, indices, masks.</param>
/// <param name="ForwardWorkspace">Transient bytes of forward besides output and extra bytes.</param>
/// <param name="BackwardWorkspace">Transient bytes of backward besides the gradients of the inputs.</param>
internal sealed record PlainNode(bool[] Keeps, bool KeepsOutput, bool IsAlias, long Extra, long ForwardWorkspace,
    long BackwardWorkspace);

/// <summary>
/// The peak of plain autograd over a whole graph, every intermediate disposed right after its last use, found without
/// running it: what nodes keep from forward to backward, and the rules by which autograd's engine hands gradients on
/// and adds them.
/// </summary>
internal sealed class PlainSimulator(Graph graph, long batch, IReadOnlyList<PlainNode> nodes)
{
    private readonly BlockAccount blocks = new([.. graph.Values.Select(v => v.Bytes(batch))]);
    private readonly int[] held = Filled(graph), gradients = Filled(graph), kept = Filled(graph);
    // of a join's gradient, to which nothing is added in place
    private readonly bool[] isPart = new bool[graph.Nodes.Count + 1];
    private long peak;

    private static int[] Filled(Graph graph)
    {
        var result = new int[graph.Nodes.Count + 1];
        Array.Fill(result, BlockAccount.None);
        return result;
    }

    /// <summary>Bytes of activations, their gradients and workspace at the peak.</summary>
    /// <param name="lossBytes">The most that the loss takes besides the outputs, their gradients included.</param>
    public long Peak(long lossBytes)
    {
        graph.FindGradients();
        foreach (var value in graph.Values)
            if (value.IsFixed) held[value.Id] = BlockAccount.Callers;
        foreach (var node in graph.Nodes)
            if (!node.Output.IsFixed) Forward(node);
        blocks.BeginStep(0);
        blocks.Transient(lossBytes);
        peak = Math.Max(peak, blocks.StepPeak);
        foreach (var output in graph.Outputs)
            if (output is { NeedsGradient: true, IsInput: false })
                gradients[output.Id] = blocks.New(output.Id, gradient: true);
        foreach (var node in graph.Nodes.Reverse())
            if (gradients[node.Output.Id] != BlockAccount.None && !node.Output.IsFixed) Backward(node);
        return peak;
    }

    private void Forward(Node node)
    {
        var facts = nodes[node.Id];
        blocks.BeginStep(0);
        held[node.Output.Id] = facts.IsAlias && node.Inputs.Count == 0 ? BlockAccount.Callers // a view of a parameter
            : facts.IsAlias ? blocks.Own(held[node.Inputs[0].Id]) : blocks.New(node.Output.Id, gradient: false);
        if (node.Output.NeedsGradient)
        {
            for (var i = 0; i < node.Inputs.Count; i++)
                if (facts.Keeps[i]) blocks.Own(held[node.Inputs[i].Id]);
            if (facts.KeepsOutput) blocks.Own(held[node.Output.Id]);
            blocks.Save(facts.Extra);
        }
        kept[node.Output.Id] = held[node.Output.Id];
        blocks.Transient(facts.ForwardWorkspace);
        foreach (var value in node.Inputs.Distinct())
            if (!value.IsFixed && !value.IsOutput && value.Consumers[^1] == node) blocks.Release(held[value.Id]);
        peak = Math.Max(peak, blocks.StepPeak);
    }

    private void Backward(Node node)
    {
        var facts = nodes[node.Id];
        var gradient = gradients[node.Output.Id];
        blocks.BeginStep(0);
        var arriving = new int[node.Inputs.Count];
        for (var i = 0; i < arriving.Length; i++)
            if (node.Inputs[i].NeedsGradient && !node.Inputs[i].IsFixed)
                arriving[i] = HandsOn(node, i) ? blocks.Own(gradient) : blocks.New(node.Inputs[i].Id, gradient: true);
        blocks.Transient(facts.BackwardWorkspace);
        blocks.Release(gradient);
        for (var i = 0; i < arriving.Length; i++)
            if (facts.Keeps[i]) blocks.Release(held[node.Inputs[i].Id]);
        if (facts.KeepsOutput) blocks.Release(kept[node.Output.Id]);
        blocks.Save(-facts.Extra);
        for (var i = 0; i < arriving.Length; i++)
            if (node.Inputs[i].NeedsGradient && !node.Inputs[i].IsFixed)
                Add(node.Inputs[i].Id, arriving[i], node.Op.IsJoin || HandsOn(node, i) && isPart[node.Output.Id]);
        peak = Math.Max(peak, blocks.StepPeak);
    }

    // A rectifier's gradient is a tensor of its own: autograd masks nothing in place.
    private static bool HandsOn(Node node, int input)
        => node.Op.IsView || node.Op.IsJoin
        || !node.Op.Rectifies && node.Op.SumWeights is { } weights && weights[input] == 1;

    // Autograd's InputBuffer: in place where the sum so far is its own alone, else into new bytes.
    private void Add(int value, int block, bool part)
    {
        if (gradients[value] == BlockAccount.None)
        {
            (gradients[value], isPart[value]) = (block, part);
            return;
        }
        if (isPart[value] || blocks.IsShared(gradients[value]))
        {
            var sum = blocks.New(value, gradient: true);
            blocks.Release(gradients[value]);
            (gradients[value], isPart[value]) = (sum, false);
        }
        blocks.Release(block);
    }
}
