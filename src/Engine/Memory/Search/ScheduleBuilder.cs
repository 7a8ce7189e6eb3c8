namespace Interactive.Memory;

/// <summary>
/// Turns a <see cref="Retention"/> into a schedule: the forward pass frees what is not kept right after its last
/// reader, the backward pass makes on demand, recursively, only what each node's backward reads, and everything is
/// freed right after its last use. Nodes run backward in the reverse of their order, which gives autograd's bits.
/// </summary>
/// <param name="graph">Over which graph; a builder is not for use by several threads at once.</param>
public sealed class ScheduleBuilder(PlanningGraph graph)
{
    private readonly StepWriter writer = new(graph) { Retention = new Retention(graph) };

    /// <summary>The schedule.</summary>
    /// <param name="retention">What is kept.</param>
    /// <param name="planner">The name it carries.</param>
    /// <param name="budget">Bytes that slower ways to run backward are to keep; default: the fastest ways.</param>
    public Schedule Build(Retention retention, string planner, long budget = long.MaxValue)
    {
        var steps = Build(retention, out var into);
        var simulator = new ScheduleSimulator(graph);
        simulator.Run(steps, into, budget, out _);
        return simulator.Decided(planner, steps);
    }

    /// <summary>The same into buffers that the next call overwrites.</summary>
    internal ReadOnlySpan<Step> Build(Retention retention, out ReadOnlySpan<sbyte> into)
    {
        writer.Clear();
        writer.Retention = retention;
        foreach (var node in graph.Nodes) writer.RunFirst(node);
        for (var v = 1; v < graph.ValueBytes.Length; v++)
            if (retention.Values[v] != Keep.Throughout) writer.Close(v);
        for (var n = graph.Nodes.Length - 1; n >= 0; n--) writer.BackwardOf(graph.Nodes[n]);
        return writer.Finish(out into);
    }
}
