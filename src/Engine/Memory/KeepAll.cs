using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>
/// The plan that recomputes nothing: every value lives until the last forward node or backward that reads it, as under
/// autograd with every intermediate disposed right after its last use.
/// </summary>
public static class KeepAll
{
    /// <summary>Makes the schedule for a (fused) graph.</summary>
    public static Schedule Schedule(Graph graph)
    {
        var steps = new List<Step>(4 * graph.Nodes.Count);
        foreach (var node in graph.Nodes)
        {
            steps.Add(new(StepKind.Forward, node.Id));
            foreach (var value in node.Inputs.Distinct())
                if (value.Producer is not null && value.Consumers[^1] == node && !IsReadByBackward(value))
                    steps.Add(new(StepKind.Free, value.Id));
        }
        foreach (var node in graph.Nodes.Reverse())
        {
            steps.Add(new(StepKind.Backward, node.Id));
            // The first reader runs backward last; after it only the producer may still need the bytes.
            foreach (var value in node.Inputs.Distinct())
                if (value.Producer is { } producer && value.Consumers[0] == node && IsReadByBackward(value) && !producer.Op.Saves(producer).Output)
                    steps.Add(new(StepKind.Free, value.Id));
        }
        return new Schedule("keep-all", steps);
    }

    private static bool IsReadByBackward(Value value)
        => value.Producer is { } producer && producer.Op.Saves(producer).Output
            || value.Consumers.Any(c => c.Inputs.Select((v, i) => (v, i)).Any(x => x.v == value && c.Op.Saves(c).Input(x.i)));
}
