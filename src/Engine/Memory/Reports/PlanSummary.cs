using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>What a schedule does to one block of a model.</summary>
/// <param name="Block">The dotted prefix that its nodes share.</param>
/// <param name="KeptBytes">Values of the block that are alive when backward begins.</param>
/// <param name="DroppedBytes">Values that backward reads and that are not.</param>
/// <param name="Recomputes">Second runs of its nodes.</param>
/// <param name="RecomputeSeconds">Seconds of those.</param>
public sealed record BlockSummary(string Block, long KeptBytes, long DroppedBytes, int Recomputes,
    double RecomputeSeconds);

/// <summary>Reads a schedule block by block, for people.</summary>
public static class PlanSummary
{
    /// <summary>One line a block, in the order of the model.</summary>
    public static IReadOnlyList<BlockSummary> Of(PlanningGraph graph, Schedule schedule)
    {
        var alive = new bool[graph.ValueBytes.Length];
        var (runs, seconds) = (new int[graph.Nodes.Length], new double[graph.Nodes.Length]);
        bool[]? kept = null;
        foreach (var step in schedule.Steps)
            switch (step.Kind)
            {
                case StepKind.Forward or StepKind.ForwardOnly:
                    if (runs[step.Id]++ > 0)
                        seconds[step.Id] += step.Kind == StepKind.Forward ? graph.Nodes[step.Id].Forward
                        : graph.Nodes[step.Id].Recompute;
                    alive[step.Id + 1] = !graph.IsFixed[step.Id + 1];
                    break;
                case StepKind.Free: alive[step.Id] = false; break;
                case StepKind.ParameterGradients or StepKind.Backward: kept ??= WithPieces(graph, alive); break;
            }
        kept ??= WithPieces(graph, alive); // nothing is trained
        return [.. graph.Graph.Nodes.GroupBy(Block).Select(block => new BlockSummary(block.Key,
            block.Where(n => kept[n.Output.Id]).Sum(n => graph.ValueBytes[n.Output.Id]),
            block.Where(n => !kept[n.Output.Id] && graph.IsSaved[n.Output.Id] && !graph.Nodes[n.Id].StaysApart)
                .Sum(n => graph.ValueBytes[n.Output.Id]),
            block.Sum(n => runs[n.Id] - 1), block.Sum(n => seconds[n.Id])))];
    }

    // A join that stays in pieces has no bytes of its own: its pieces have.
    private static bool[] WithPieces(PlanningGraph graph, bool[] alive)
    {
        bool[] kept = [.. alive];
        for (var n = graph.Nodes.Length - 1; n >= 0; n--)
        {
            if (!kept[n + 1] || !graph.Nodes[n].StaysApart) continue;
            kept[n + 1] = false;
            foreach (var input in graph.Nodes[n].Inputs) kept[input] = true;
        }
        return kept;
    }

    private static string Block(Node node)
    {
        var parts = node.Name.Split('.');
        return parts.Length <= 1 ? node.Name : string.Join('.', parts.Take(parts.Length > 2 ? 2 : 1));
    }
}
