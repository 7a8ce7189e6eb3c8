namespace Interactive.Memory.Blocks;

/// <summary>
/// A planning graph as a chain of blocks. It is cut where one value alone leads from the nodes before to those after.
/// Where such places are far apart (the two halves of a U-Net) the values with the longest lives are taken as kept
/// throughout, until the rest can be cut.
/// </summary>
internal sealed record BlockCuts(IReadOnlyList<Block> Blocks, IReadOnlyList<int> Pinned)
{
    private const int MostNodes = 24;  // of a block, before values are pinned to cut it

    /// <summary>Cuts a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="every">Of the places found every so manieth is used: longer blocks can drop what lies between two
    /// places.</param>
    /// <param name="pins">False: values that stand in the way are not kept throughout, and blocks are as long as they
    /// must be.</param>
    public static BlockCuts Of(PlanningGraph graph, int every, bool pins)
    {
        var count = graph.Nodes.Length;
        var last = new int[count + 1]; // the last node that reads a value
        foreach (var node in graph.Nodes)
            foreach (var input in node.Inputs) last[input] = node.Id;
        var pinned = new List<int>();
        var isPinned = new bool[count + 1];
        foreach (var output in graph.Outputs)
        {
            last[output] = count; // the loss
            if (output == count) continue;
            isPinned[output] = true;
            pinned.Add(output);
        }
        List<int> cuts;
        while (Longest(cuts = Cuts()) is var (first, end) && pins && end - first > MostNodes)
        {
            // What spans most of it; a life much shorter than the block does not stand in the way.
            var longest =
                Enumerable.Range(1, end).Where(v => !isPinned[v] && !graph.IsFixed[v] && v != count)
                .DefaultIfEmpty(count).MaxBy(Span);
            if (Span(longest) < (end - first) / 4) break;
            int Span(int v) => Math.Min(last[v], end) - Math.Max(v, first);
            isPinned[longest] = true;
            pinned.Add(longest);
        }
        cuts = [.. cuts.Where((_, i) => i % every == every - 1)];
        int[] bounds = [0, .. cuts, count];
        return new([.. Enumerable.Range(0, bounds.Length - 1)
            .Select(i => new Block(bounds[i], bounds[i + 1], Crossing(bounds[i]),
            i == bounds.Length - 2 ? [count] : Crossing(bounds[i + 1])))], pinned);

        // Places, by the node after them.
        List<int> Cuts()
        {
            var places = new List<int>();
            var crossing = new List<int>();
            var boundary = 0;
            for (var place = 1; place < count; place++)
            {
                crossing.RemoveAll(v => last[v] < place);
                if (graph.IsFixed[place]) continue; // always there
                if (last[place] >= place && !isPinned[place]) crossing.Add(place);
                // A value that was a boundary already only passes by.
                if (crossing.Count == 0 || crossing is [var v] && v != boundary && !graph.Nodes[v - 1].IsView)
                {
                    places.Add(place);
                    if (crossing.Count > 0) boundary = crossing[0];
                }
            }
            return places;
        }
        int[] Crossing(int place)
            => [.. Enumerable.Range(1, place).Where(v => last[v] >= place && !isPinned[v] && !graph.IsFixed[v])];
        (int First, int End) Longest(List<int> places)
        {
            var (from, best) = (0, (First: 0, End: 0));
            foreach (var place in places.Append(count))
            {
                if (place - from > best.End - best.First) best = (from, place);
                from = place;
            }
            return best;
        }
    }
}
