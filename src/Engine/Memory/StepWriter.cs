using System.Runtime.InteropServices;

namespace Interactive.Memory;

/// <summary>
/// Writes the steps of a schedule: nodes run forward when asked, what a backward reads is made on demand, recursively,
/// and what is let go of is freed right after its last use, however late that was decided.
/// </summary>
/// <param name="graph">Over which graph; not for use by several threads at once.</param>
internal sealed class StepWriter(PlanningGraph graph)
{
    private const int Closed = -1;
    // value -> step that last used its bytes, or Closed
    private readonly int[] lastUse = new int[graph.ValueBytes.Length];
    private readonly bool[] hasGraph = new bool[graph.Nodes.Length];
    private readonly List<Step> steps = [];
    private readonly List<(int After, int Value)> frees = [];
    private readonly List<int> transient = []; // values to let go of after the backward being prepared
    private Step[] result = [];
    private sbyte[] inPlace = [];
    private int[] firstFree = [];

    /// <summary>What is kept of that which is made; may change while steps are written.</summary>
    public required Retention Retention { get; set; }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        steps.Clear();
        frees.Clear();
        Array.Fill(lastUse, Closed);
        Array.Clear(hasGraph);
    }

    /// <summary>True while a value's bytes are there.</summary>
    public bool IsHeld(int value) => graph.IsFixed[value] || lastUse[value] != Closed;

    /// <summary>True while a node's graph is there.</summary>
    public bool HasGraph(int node) => hasGraph[node];

    /// <summary>Takes a value as there, made by somebody else.</summary>
    public void Give(int value) => lastUse[value] = 0;

    /// <summary>Somebody reads these values after the last step so far.</summary>
    public void Use(IEnumerable<int> values)
    {
        foreach (var value in values)
            if (lastUse[value] != Closed) lastUse[value] = Math.Max(0, steps.Count - 1);
    }

    /// <summary>Steps so far, frees not counted.</summary>
    public int Steps => steps.Count;

    /// <summary>Steps and frees so far.</summary>
    public int Length => steps.Count + frees.Count;

    /// <summary>Runs a node for the first time; its graph stays unless that is a choice and dropped.</summary>
    public void RunFirst(PlanningGraph.Facts node)
    {
        var keeps = node.HasGraph && (!node.GraphIsChoice || Retention.Graphs[node.Id] == Keep.Throughout);
        Run(node, keeps || !node.HasGraph ? StepKind.Forward : StepKind.ForwardOnly);
    }

    /// <summary>Runs a node whose inputs are there.</summary>
    public void Run(PlanningGraph.Facts node, StepKind kind)
    {
        foreach (var input in node.Inputs) lastUse[input] = steps.Count;
        lastUse[node.Id + 1] = steps.Count;
        if (kind == StepKind.Forward) hasGraph[node.Id] = node.HasGraph;
        if (node.Id == graph.Nodes.Length - 1) // the loss follows and reads all outputs
            foreach (var output in graph.Outputs)
                if (lastUse[output] != Closed) lastUse[output] = steps.Count;
        steps.Add(new Step(kind, node.Id));
    }

    /// <summary>
    /// Runs a node backward, after making what that reads. One that gets no gradient only lets go of its output.
    /// </summary>
    public void BackwardOf(PlanningGraph.Facts node)
    {
        if (!node.HasBackward)
        {
            Close(node.Id + 1);
            return;
        }
        transient.Clear();
        if (node.HasGraph && !hasGraph[node.Id])
        {
            foreach (var input in node.Inputs) Ensure(input);
            Run(node, StepKind.Forward);
            if (Retention.Values[node.Id + 1] == Keep.Never) transient.Add(node.Id + 1);
        }
        foreach (var need in node.Needs) Ensure(need);
        if (node.MasksByOutput) Ensure(node.Id + 1);
        foreach (var need in node.Needs) lastUse[need] = steps.Count;
        if (!node.MasksByOutput && lastUse[node.Id + 1] != Closed) Close(node.Id + 1);
        lastUse[node.Id + 1] = Closed; // the backward frees its own output
        var isOpen = node.ParameterWays.Length > 0;
        if (isOpen) steps.Add(new Step(StepKind.ParameterGradients, node.Id, Step.Open));
        steps.Add(new Step(StepKind.Backward, node.Id, isOpen ? Step.Open : 0));
        foreach (var value in transient)
            if (lastUse[value] != Closed) Close(value);
    }

    /// <summary>Makes a value, and first what it is made of, where it is not there.</summary>
    public void Ensure(int value)
    {
        if (IsHeld(value)) return;
        var node = graph.Nodes[value - 1];
        if (graph.Stays[value])
            throw new InvalidOperationException($"{graph.Graph.Nodes[node.Id].Name} runs once, and its result has gone");
        foreach (var input in node.Inputs) Ensure(input);
        var rebuilds = node.HasGraph && !hasGraph[node.Id] && Retention.Graphs[node.Id] != Keep.Never;
        Run(node, rebuilds ? StepKind.Forward : StepKind.ForwardOnly);
        if (Retention.Values[value] == Keep.Never) transient.Add(value);
    }

    /// <summary>Lets go of a value: it is freed after the last step so far that used it.</summary>
    public void Close(int value)
    {
        if (lastUse[value] == Closed || graph.IsFixed[value]) return;
        frees.Add((lastUse[value], value));
        lastUse[value] = Closed;
    }

    /// <summary>
    /// The steps, each Free behind the one after which it is due, and where ops overwrite an input; in buffers that the
    /// next call overwrites.
    /// </summary>
    public ReadOnlySpan<Step> Finish(out ReadOnlySpan<sbyte> into)
    {
        var length = Merge();
        into = inPlace.AsSpan(0, length);
        return result.AsSpan(0, length);
    }

    private int Merge()
    {
        var length = Length;
        if (result.Length < length) (result, inPlace) = (new Step[length * 5 / 4], new sbyte[length * 5 / 4]);
        if (firstFree.Length < steps.Count + 1) firstFree = new int[steps.Count * 5 / 4 + 1];
        Array.Clear(firstFree, 0, steps.Count + 1);
        foreach (var (after, _) in frees) firstFree[after + 1]++;
        for (var i = 1; i <= steps.Count; i++) firstFree[i] += firstFree[i - 1];
        // firstFree[i] now counts the frees due after steps before i.
        var all = CollectionsMarshal.AsSpan(steps);
        for (var i = 0; i < all.Length; i++)
        {
            result[i + firstFree[i]] = all[i];
            inPlace[i + firstFree[i]] = -1;
        }
        foreach (var (after, value) in frees)
        {
            var at = after + 1 + firstFree[after]++;
            result[at] = new Step(StepKind.Free, value);
            inPlace[at] = -1;
            MayOverwrite(after, at, value);
        }
        return length;
    }

    private void MayOverwrite(int after, int freeAt, int value)
    {
        var step = steps[after];
        if (step.Kind is not (StepKind.Forward or StepKind.ForwardOnly)) return;
        var node = graph.Nodes[step.Id];
        if (node.InPlace.Length == 0) return;
        var at = freeAt - 1;
        while (result[at].Kind == StepKind.Free) at--;
        if (inPlace[at] >= 0) return;
        foreach (var input in node.InPlace)
            if (node.Inputs[input] == value) inPlace[at] = input;
    }
}
