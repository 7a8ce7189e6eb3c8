namespace Interactive.Memory;

/// <summary>Plans to begin a search from.</summary>
internal static class InitialPlans
{
    /// <summary>Nodes from which on a net is deep.</summary>
    public const int Deep = 1000;

    /// <summary>Values through which every path from input to output goes, in order.</summary>
    public static List<int> Cuts(PlanningGraph graph)
    {
        var cuts = new List<int>();
        var last = new int[graph.ValueBytes.Length];
        foreach (var node in graph.Nodes)
            foreach (var input in node.Inputs) last[input] = node.Id;
        var reach = last[0];
        for (var v = 1; v < last.Length; v++)
        {
            if (graph.IsFixed[v]) continue; // always there
            if (reach <= v - 1 && !graph.IsOutput[v]) cuts.Add(v);
            reach = Math.Max(reach, last[v]);
        }
        return cuts;
    }

    /// <summary>Keeps everything that backward reads.</summary>
    public static Retention KeepAll(PlanningGraph graph) => new(graph);

    /// <summary>
    /// Drops the outputs of cheap ops (batch norm, activations, pooling, dropout, sums), keeps convolutions and matrix
    /// products.
    /// </summary>
    public static Retention Cheap(PlanningGraph graph, Keep keep)
    {
        var plan = new Retention(graph);
        foreach (var node in graph.Graph.Nodes)
            if (node.Op.IsCheap && !node.Output.IsOutput && !graph.Stays[node.Output.Id])
            {
                plan.Values[node.Output.Id] = keep;
                plan.Graphs[node.Id] = Keep.OnceRecomputed;
            }
        return plan;
    }

    /// <summary>Keeps only the given values; the rest is made again when a backward asks for it.</summary>
    public static Retention Only(PlanningGraph graph, IEnumerable<int> kept, Keep cheap = Keep.OnceRecomputed)
    {
        var plan = new Retention(graph);
        Array.Fill(plan.Values, Keep.OnceRecomputed, 1, plan.Values.Length - 1);
        Array.Fill(plan.Graphs, Keep.OnceRecomputed);
        if (cheap == Keep.Never)
            foreach (var node in graph.Graph.Nodes)
                if (node.Op.IsCheap && !graph.Nodes[node.Id].IsSum) plan.Values[node.Output.Id] = Keep.Never;
        for (var v = 1; v < plan.Values.Length; v++)
            if (!graph.IsSaved[v]) plan.Values[v] = Keep.Never;
        foreach (var value in kept) plan.Values[value] = Keep.Throughout;
        foreach (var output in graph.Outputs) plan.Values[output] = Keep.Throughout;
        for (var v = 1; v < plan.Values.Length; v++)
            if (graph.Stays[v]) plan.Values[v] = Keep.Throughout;
        return plan;
    }

    /// <summary>Every so manieth cut value kept.</summary>
    public static Retention Segments(PlanningGraph graph, List<int> cuts, int every, Keep cheap)
        => Only(graph, cuts.Where((_, i) => i % every == every - 1), cheap);

    /// <summary>
    /// Segments that grow towards the front: while the front of the net runs backward the checkpoints behind it are
    /// gone, so each segment may be as long as what the budget leaves beside the checkpoints before it.
    /// </summary>
    public static Retention Growing(PlanningGraph graph, List<int> cuts, long room, Keep cheap)
    {
        var kept = new List<int>();
        long checkpoints = 0, inside = 0;
        var next = 0;
        for (var v = 1; v < graph.ValueBytes.Length && next < cuts.Count; v++)
        {
            var isTransient = !graph.IsSaved[v]
                || cheap == Keep.Never && graph.Graph.Nodes[v - 1].Op.IsCheap && !graph.Nodes[v - 1].IsSum;
            if (!isTransient && !graph.IsFixed[v]) inside += graph.ValueBytes[v] + graph.Nodes[v - 1].Extra;
            if (v != cuts[next]) continue;
            next++;
            // The segment that ends here, beside the checkpoints before it: full when one more of its kind would not
            // fit.
            if (checkpoints + inside < room) continue;
            kept.Add(v);
            checkpoints += graph.ValueBytes[v];
            inside = 0;
        }
        return Only(graph, kept, cheap);
    }

    /// <summary>All of them, the likeliest first.</summary>
    public static IEnumerable<Retention> All(PlanningGraph graph, long budget)
    {
        // In a deep net thousands of single moves lie between keep-all and a small budget: begin near the end.
        var isDeep = graph.Nodes.Length > Deep;
        if (!isDeep)
        {
            yield return KeepAll(graph);
            yield return Cheap(graph, Keep.OnceRecomputed);
        }
        var cuts = Cuts(graph);
        foreach (var cheap in new[] { Keep.Never, Keep.OnceRecomputed })
        {
            foreach (var share in new[] { 0.9, 0.75, 0.6, 0.45, 0.3 })
                yield return Growing(graph, cuts, (long)(budget * share), cheap);
            foreach (var every in new[] { 1, 2, 3, 4, 6, 9, 14, 20 })
                if (every <= cuts.Count) yield return Segments(graph, cuts, every, cheap);
        }
        yield return Cheap(graph, Keep.Never);
        if (!isDeep) yield break;
        yield return Cheap(graph, Keep.OnceRecomputed);
        yield return KeepAll(graph);
    }
}
