using System.Runtime.InteropServices;

namespace Interactive.Memory;

/// <summary>
/// Turns a <see cref="Retention"/> into a schedule: the forward pass frees what is not kept right after its last reader,
/// the backward pass makes on demand, recursively, only what each node's backward reads, and everything is freed right
/// after its last use. Nodes run backward in the reverse of their order, which gives autograd's bits.
/// </summary>
public sealed class ScheduleBuilder
{
    private const int Closed = -1;
    private readonly PlanningGraph graph;
    private readonly int[] lastUse;       // value -> step that last used its bytes, or Closed
    private readonly bool[] hasGraph;
    private readonly List<Step> steps = [];
    private readonly List<(int After, int Value)> frees = [];
    private readonly List<int> transient = []; // values to let go of after the backward being prepared
    private Step[] result = [];
    private sbyte[] inPlace = [];
    private int[] firstFree = [];
    private Retention retention = null!;

    /// <summary>Prepares to build schedules over one graph; not for use by several threads at once.</summary>
    public ScheduleBuilder(PlanningGraph graph)
    {
        this.graph = graph;
        lastUse = new int[graph.ValueBytes.Length];
        hasGraph = new bool[graph.Nodes.Length];
    }

    /// <summary>The schedule.</summary>
    /// <param name="retention">What is kept.</param>
    /// <param name="planner">The name it carries.</param>
    public Schedule Build(Retention retention, string planner)
    {
        var length = Fill(retention);
        return new Schedule(planner, result.AsSpan(0, length).ToArray());
    }

    /// <summary>The same into buffers that the next call overwrites.</summary>
    internal ReadOnlySpan<Step> Build(Retention retention, out ReadOnlySpan<sbyte> into)
    {
        var length = Fill(retention);
        into = inPlace.AsSpan(0, length);
        return result.AsSpan(0, length);
    }

    private int Fill(Retention plan)
    {
        retention = plan;
        steps.Clear();
        frees.Clear();
        Array.Fill(lastUse, Closed);
        Array.Clear(hasGraph);
        ForwardPass();
        for (var n = graph.Nodes.Length - 1; n >= 0; n--) BackwardOf(graph.Nodes[n]);
        return Merge();
    }

    private void ForwardPass()
    {
        foreach (var node in graph.Nodes)
        {
            var keeps = node.HasGraph && (!node.GraphIsChoice || retention.Graphs[node.Id] == Keep.Throughout);
            Run(node, keeps || !node.HasGraph ? StepKind.Forward : StepKind.ForwardOnly);
        }
        for (var v = 1; v < lastUse.Length; v++)
            if (retention.Values[v] != Keep.Throughout) Close(v);
    }

    private void Run(PlanningGraph.Facts node, StepKind kind)
    {
        foreach (var input in node.Inputs) lastUse[input] = steps.Count;
        lastUse[node.Id + 1] = steps.Count;
        if (kind == StepKind.Forward) hasGraph[node.Id] = node.HasGraph;
        steps.Add(new Step(kind, node.Id));
    }

    private void BackwardOf(PlanningGraph.Facts node)
    {
        transient.Clear();
        if (node.HasGraph && !hasGraph[node.Id])
        {
            foreach (var input in node.Inputs) Ensure(input);
            Run(node, StepKind.Forward);
            if (retention.Values[node.Id + 1] == Keep.Never) transient.Add(node.Id + 1);
        }
        foreach (var need in node.Needs) Ensure(need);
        if (node.Rectifies) Ensure(node.Id + 1);
        foreach (var need in node.Needs) lastUse[need] = steps.Count;
        if (!node.Rectifies && lastUse[node.Id + 1] != Closed) Close(node.Id + 1);
        lastUse[node.Id + 1] = Closed; // the backward frees its own output
        steps.Add(new Step(StepKind.Backward, node.Id));
        foreach (var value in transient)
            if (lastUse[value] != Closed) Close(value);
    }

    private void Ensure(int value)
    {
        if (value == 0 || lastUse[value] != Closed) return;
        var node = graph.Nodes[value - 1];
        foreach (var input in node.Inputs) Ensure(input);
        var rebuilds = node.HasGraph && !hasGraph[node.Id] && retention.Graphs[node.Id] != Keep.Never;
        Run(node, rebuilds ? StepKind.Forward : StepKind.ForwardOnly);
        if (retention.Values[value] == Keep.Never) transient.Add(value);
    }

    private void Close(int value)
    {
        if (lastUse[value] == Closed) return;
        frees.Add((lastUse[value], value));
        lastUse[value] = Closed;
    }

    /// <summary>Puts each Free behind the step after which it is due, and finds where ops may overwrite an input.</summary>
    private int Merge()
    {
        var length = steps.Count + frees.Count;
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
