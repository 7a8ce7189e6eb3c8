using Interactive.Memory.Blocks;

namespace Interactive.Memory;

/// <summary>
/// What the steps of single nodes do to the bytes of a replayed schedule: what a Free releases, where an op overwrites
/// its input, who shares a gradient, which transient buffers a kernel asks for.
/// </summary>
internal sealed class NodeAccount
{
    private readonly PlanningGraph graph;
    private readonly int[] held;       // value -> block of bytes, or -1
    private readonly BlockAccount blocks;
    private readonly GradientAccount gradients;
    private readonly bool[] hasRun, hasGraph, hasAdded; // hasAdded: its parameters' gradients are done
    private readonly OpenWays ways;
    private readonly List<int>[] pins; // node -> blocks its graph keeps alive by itself
    private readonly List<int> pinning = []; // nodes that had pins since the reset
    // blocks that gradients of parameters are yet to be made of
    private readonly Dictionary<int, (int Input, int Gradient)> deferred = [];
    private readonly int[] arriving = new int[256];

    public NodeAccount(PlanningGraph graph)
    {
        this.graph = graph;
        var count = graph.Nodes.Length;
        held = new int[count + 1];
        blocks = new BlockAccount(graph.ValueBytes);
        gradients = new GradientAccount(graph, blocks);
        (hasRun, hasGraph, hasAdded) = (new bool[count], new bool[count], new bool[count]);
        ways = new OpenWays(graph);
        pins = [.. Enumerable.Range(0, count).Select(_ => new List<int>(0))];
    }

    /// <summary>All blocks of bytes.</summary>
    public BlockAccount Blocks => blocks;

    /// <summary>The ways to run backward that were chosen where a step left them open.</summary>
    public OpenWays Ways => ways;

    /// <summary>Whether a node has run forward since the reset.</summary>
    public bool HasRun(int node) => hasRun[node];

    /// <summary>A value that is there and stays, and costs nothing.</summary>
    public void Give(int value) => held[value] = BlockAccount.Callers;

    /// <summary>A value that is there and whose bytes count.</summary>
    public void Receive(int value) => held[value] = blocks.New(value, gradient: false);

    /// <summary>The gradients of values come from elsewhere.</summary>
    public void MakeGradients(IEnumerable<int> values)
    {
        foreach (var value in values)
            if (graph.Wants[value]) gradients.Make(value);
    }

    /// <summary>The gradients of parameters that were put off.</summary>
    /// <returns>Their seconds; null where none were.</returns>
    public double? Deferred(PlanningGraph.Facts node, int number)
    {
        if (!deferred.Remove(node.Id, out var put)) return null;
        var way = Numbered(node.ParameterWays, number);
        blocks.Transient(way.Workspace);
        blocks.Release(put.Input);
        blocks.Release(put.Gradient);
        return way.Seconds;
    }

    /// <summary>A value and what it is joined from, where they are not there.</summary>
    public void Provide(int value)
    {
        if (held[value] != BlockAccount.None || graph.IsFixed[value]) return;
        var producer = graph.Nodes[value - 1];
        if (producer.StaysApart)
        {
            foreach (var input in producer.Inputs) Provide(input);
            held[value] = Pieces(producer);
        }
        else held[value] = blocks.New(value, gradient: false);
    }

    /// <summary>Nothing has run.</summary>
    public void Reset()
    {
        Array.Fill(held, BlockAccount.None);
        gradients.Reset();
        blocks.Reset();
        Array.Clear(hasRun);
        Array.Clear(hasGraph);
        Array.Clear(hasAdded);
        foreach (var node in pinning) pins[node].Clear();
        pinning.Clear();
        deferred.Clear();
    }

    /// <summary>A node runs forward.</summary>
    public void Forward(PlanningGraph.Facts node, bool keepGraph, int into)
    {
        var output = node.Id + 1;
        if (held[output] != BlockAccount.None) blocks.Release(ref held[output]);
        var isAgain = hasRun[node.Id];
        if (node.IsRandom && !isAgain) blocks.Save(PlanningGraph.GeneratorBytes);
        hasRun[node.Id] = true;
        if (node.IsFixed)
        {
            held[output] = BlockAccount.Callers;
            if (keepGraph && node.HasGraph) hasGraph[node.Id] = true;
        }
        else if (node.IsView) held[output] = blocks.Own(Held(node, 0));
        else if (node.StaysApart) held[output] = Pieces(node);
        else if (into >= 0) held[output] = blocks.Own(Held(node, into));
        else
        {
            for (var i = 0; i < node.Inputs.Length; i++) Held(node, i);
            keepGraph &= node.HasGraph;
            if (keepGraph) Forget(node.Id);
            held[output] = blocks.New(output, gradient: false, isAgain);
            if (keepGraph) blocks.Save(node.Extra);
            blocks.Transient(keepGraph ? node.ForwardWorkspace : node.RecomputeWorkspace);
            if (!keepGraph) return;
            hasGraph[node.Id] = true;
            if (!node.Swappable || node.SavesOutput) Pin(node, output);
        }
    }

    /// <summary>The gradient of the input alone, that of the parameters being put off; its seconds.</summary>
    public double InputGradient(PlanningGraph.Facts node, int number)
    {
        RequireSaved(node);
        var input = blocks.Own(graph.IsFixed[node.Inputs[0]] ? BlockAccount.Callers : held[node.Inputs[0]]);
        var gradient = Take(node, out _);
        var way = node.InputWays.Length == 0 ? null : Numbered(node.InputWays, number);
        if (graph.Wants[node.Inputs[0]])
        {
            var arriving = blocks.New(node.Inputs[0], gradient: true);
            blocks.Transient(way?.Workspace ?? 0);
            gradients.Add(node.Inputs[0], arriving, part: false);
        }
        deferred[node.Id] = (input, gradient);
        Forget(node.Id);
        if (held[node.Id + 1] != BlockAccount.None) blocks.Release(ref held[node.Id + 1]);
        return way?.Seconds ?? 0;
    }

    private int Pieces(PlanningGraph.Facts node)
    {
        var pieces = new int[node.Inputs.Length];
        for (var i = 0; i < pieces.Length; i++) pieces[i] = Held(node, i);
        return blocks.List(pieces);
    }

    private void Pin(PlanningGraph.Facts node, int output)
    {
        pinning.Add(node.Id);
        if (!node.Swappable)
            foreach (var input in node.SavedInputs)
                if (!graph.IsFixed[input]) pins[node.Id].Add(blocks.Own(held[input]));
        if (node.SavesOutput) pins[node.Id].Add(blocks.Own(held[output]));
    }

    private int Held(PlanningGraph.Facts node, int input)
    {
        var value = node.Inputs[input];
        return graph.IsFixed[value] ? BlockAccount.Callers : held[value] != BlockAccount.None ? held[value]
            : throw new InvalidOperationException($"the schedule runs {graph.Graph.Nodes[node.Id].Name} after freeing its input {graph.Graph.Nodes[value - 1].Name}");
    }

    /// <summary>A value's bytes go.</summary>
    public void Free(int value)
    {
        if (held[value] != BlockAccount.None) blocks.Release(ref held[value]);
    }

    /// <summary>A node's graph goes.</summary>
    public void Forget(int node)
    {
        if (!hasGraph[node]) return;
        hasGraph[node] = false;
        blocks.Save(-graph.Nodes[node].Extra);
        foreach (var block in pins[node]) blocks.Release(block);
        pins[node].Clear();
    }

    /// <summary>The loss, after which the outputs have gradients.</summary>
    public void Loss()
    {
        if (graph.LossOverwrites) Free(graph.Outputs[0]);
        foreach (var output in graph.Outputs)
            if (graph.Wants[output]) gradients.Make(output);
        blocks.Transient(graph.Profile.LossWorkspace);
        foreach (var output in graph.GoesWithLoss) Free(output);
    }

    /// <summary>A backward, or the part of it that the first of the steps is; returns its seconds.</summary>
    public double Backward(PlanningGraph.Facts node, ReadOnlySpan<Step> steps, long budget)
    {
        var (kind, way) = (steps[0].Kind, steps[0].Way);
        if (way == Step.Open && kind == StepKind.ParameterGradients) Choose(node, steps, budget);
        var isAutograd = way == Step.Open ? ways.IsAutograd(node.Id) : kind == StepKind.Backward && !hasAdded[node.Id];
        // it has run in place of the step before
        if (isAutograd && way == Step.Open && kind == StepKind.Backward) return 0;
        if (isAutograd)
        {
            BackwardWhole(node, node.BackwardWorkspace);
            return node.Backward;
        }
        if (kind == StepKind.ParameterGradients)
            return ParameterGradients(node, way == Step.Open ? ways.Parameters(node.Id) : way);
        var rest = node.InputWays.Length == 0 ? null
            : Numbered(node.InputWays, way == Step.Open ? ways.Input(node.Id) : way);
        BackwardWhole(node, rest?.Workspace ?? 0);
        return rest?.Seconds ?? 0;
    }

    private void Choose(PlanningGraph.Facts node, ReadOnlySpan<Step> steps, long budget)
    {
        var output = node.Id + 1;
        if (!gradients.Has(output))
        {
            ways.Leave(node.Id);
            return;
        }
        // The output goes first; the gradient may be copied before that.
        var released = blocks.FreedBy(held[output]);
        if (gradients.CopiesWhenTaken(node, node.Rectifies)) released -= graph.ValueBytes[output];
        long arriving = 0, freed = 0;
        foreach (var input in node.Inputs)
            if (graph.Wants[input]) arriving += graph.ValueBytes[input];
        for (var i = 1; i < steps.Length && steps[i].Kind == StepKind.Free; i++)
            freed += blocks.FreedBy(held[steps[i].Id]);
        ways.Choose(node, budget - blocks.Live + released, arriving, freed);
    }

    private static BackwardWay Numbered(BackwardWay[] ways, int number)
    {
        foreach (var way in ways)
            if (way.Number == number) return way;
        throw new InvalidOperationException($"the profile has no way {number} to run backward");
    }

    private double ParameterGradients(PlanningGraph.Facts node, int number)
    {
        var way = Numbered(node.ParameterWays, number);
        var gradient = Take(node, out _);
        if (gradient < 0) return way.Seconds;
        RequireSaved(node);
        hasAdded[node.Id] = true;
        blocks.Transient(way.Workspace);
        gradients.PutBack(node.Id + 1, gradient);
        return way.Seconds;
    }

    /// <summary>A node runs backward.</summary>
    public void BackwardWhole(PlanningGraph.Facts node, long workspace)
    {
        var gradient = Take(node, out var isPart);
        if (gradient >= 0)
            if (node.HasGraph) Kernels(node, gradient, workspace);
            else gradients.PassOn(node, gradient, isPart);
        Forget(node.Id);
        if (held[node.Id + 1] != BlockAccount.None) blocks.Release(ref held[node.Id + 1]);
    }

    /// <summary>Takes the gradient of a node's output, or none; the output itself is read by nobody any more.</summary>
    private int Take(PlanningGraph.Facts node, out bool isPart)
    {
        isPart = false;
        var output = node.Id + 1;
        if (!gradients.Has(output)) return BlockAccount.None;
        var isMasked = node.Rectifies && !hasAdded[node.Id];
        if (isMasked && node.MasksByOutput && held[output] == BlockAccount.None)
            throw new InvalidOperationException($"the schedule runs the backward of {graph.Graph.Nodes[node.Id].Name} after freeing its output");
        var gradient = gradients.Take(node, isMasked, out isPart);
        if (held[output] != BlockAccount.None) blocks.Release(ref held[output]);
        return gradient;
    }

    private void Kernels(PlanningGraph.Facts node, int gradient, long workspace)
    {
        if (!hasAdded[node.Id]) RequireSaved(node);
        if (node.OverwritesGradient && !blocks.IsShared(gradient))
        {
            blocks.Transient(workspace);
            blocks.Save(node.BackwardResidue);
            Forget(node.Id);
            gradients.Add(node.Inputs[0], gradient, part: false);
            return;
        }
        for (var i = 0; i < node.Inputs.Length; i++)
            if (graph.Wants[node.Inputs[i]]) arriving[i] = blocks.New(node.Inputs[i], gradient: true);
        blocks.Transient(workspace);
        blocks.Save(node.BackwardResidue);
        blocks.Release(gradient);
        Forget(node.Id);
        for (var i = 0; i < node.Inputs.Length; i++)
            if (graph.Wants[node.Inputs[i]]) gradients.Add(node.Inputs[i], arriving[i], part: false);
    }

    private void RequireSaved(PlanningGraph.Facts node)
    {
        if (!hasGraph[node.Id]) throw new InvalidOperationException($"the schedule runs the backward of {graph.Graph.Nodes[node.Id].Name} without its graph");
        foreach (var need in node.Needs)
            if (held[need] == -1) throw new InvalidOperationException($"the schedule runs the backward of {graph.Graph.Nodes[node.Id].Name} after freeing {graph.Graph.Nodes[need - 1].Name}");
    }
}
