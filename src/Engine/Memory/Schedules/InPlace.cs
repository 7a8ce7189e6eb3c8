using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Memory;

/// <summary>
/// Where a schedule lets an op write over an input: a sum or a rectifier whose input is freed right after it, is read
/// by no view and no join that only lists its pieces, and is not pinned by anybody's autograd graph. One rule for the
/// executor and for the simulator.
/// </summary>
internal static class InPlace
{
    /// <summary>Per step the number of the input whose bytes the output takes over, or -1.</summary>
    public static sbyte[] Find(Graph graph, IReadOnlyList<Step> steps)
    {
        var candidates = graph.Nodes.Select(Candidates).ToArray();
        var into = new sbyte[steps.Count];
        for (var i = 0; i < into.Length; i++)
            into[i] = steps[i].Kind is StepKind.Forward or StepKind.ForwardOnly
                ? Find(graph, steps, i, candidates[steps[i].Id]) : (sbyte)-1;
        return into;
    }

    private static sbyte Find(Graph graph, IReadOnlyList<Step> steps, int at, sbyte[] candidates)
    {
        if (candidates.Length == 0) return -1;
        var node = graph.Nodes[steps[at].Id];
        for (var next = at + 1; next < steps.Count && steps[next].Kind == StepKind.Free; next++)
            foreach (var i in candidates)
                if (node.Inputs[i].Id == steps[next].Id) return i;
        return -1;
    }

    /// <summary>The inputs that a node may write over when they are freed right after it.</summary>
    public static sbyte[] Candidates(Node node)
    {
        if (node.Op.SumWeights is not { } weights || weights.Any(w => w != 1)
            || node.Inputs.Any(v => v.Type != ScalarType.Float32)) return [];
        if (node.Inputs.Count == 1 && !node.Op.Rectifies) return []; // x + c
        return [.. Enumerable.Range(0, node.Inputs.Count).Where(i => MayBeOverwritten(node, node.Inputs[i]))
            .Select(i => (sbyte)i)];
    }

    private static bool MayBeOverwritten(Node node, Value value)
        => value is { Producer: { } producer, IsFixed: false, IsOutput: false } && !producer.Op.IsView
        && (producer.Op.Rectifies || !producer.Op.Saves(producer).Output)
            && node.Inputs.Count(v => v == value) == 1
            && value.Consumers.All(c => !c.Op.IsView && !ConcatPieces.StayApart(c) && c.Op is not Graphs.Ops.Dropout
            && (c.Op.Saves(c).Swappable || !Reads(c, value)));

    private static bool Reads(Node node, Value value)
    {
        for (var i = 0; i < node.Inputs.Count; i++)
            if (node.Inputs[i] == value && node.Op.Saves(node).Input(i)) return true;
        return false;
    }
}
