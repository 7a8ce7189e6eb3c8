using System.Runtime.CompilerServices;
using Interactive.Memory.Blocks;

namespace Interactive.Memory.Planners;

/// <summary>
/// The chain dynamic programme over blocks between cut values, with several options a block (Beaumont et al. 2019; Zhao
/// et al. 2023): optimal among plans that keep a checkpoint until it is used, at the resolution of its tables.
/// </summary>
public sealed class OptimalPlanner : IPlanner
{
    private const int MostBlocks = 210; // of a chain whose table is filled in a second or two

    // Tables serve every budget of a graph.
    private static readonly ConditionalWeakTable<PlanningGraph, BlockProgramme[]> Programmes = [];

    /// <inheritdoc/>
    public string Name => "optimal";

    /// <inheritdoc/>
    public Plan? Make(PlanningGraph graph, long budget)
    {
        if (new KeepAllPlanner().Make(graph, budget) is { } all)
            return all with { Schedule = all.Schedule with { Planner = Name } };
        var programmes = Of(graph);
        lock (programmes) return programmes.Select(p => p.Within(budget)).OfType<Plan>()
            .MinBy(p => p.Prediction.Seconds);
    }

    /// <summary>
    /// From the least budget to the plan that recomputes nothing, none beaten by another in both bytes and time.
    /// </summary>
    public static IReadOnlyList<Plan> Front(PlanningGraph graph)
    {
        var programmes = Of(graph);
        lock (programmes) return programmes.SelectMany(p => p.Front()).Fastest();
    }

    /// <summary>Plans near a budget for a search to begin from.</summary>
    internal static IReadOnlyList<Retention> Beginnings(PlanningGraph graph, long budget)
    {
        var programmes = Of(graph);
        lock (programmes)
            return [.. programmes.OrderBy(p => p.Within(budget)?.Prediction.Seconds ?? double.PositiveInfinity).Take(2)
                .SelectMany(p => p.Beginnings(budget))];
    }

    // Blocks of one, two, three places and so on: the longer, the more can be dropped between checkpoints, and the
    // fewer places for those. Where values had to be pinned to cut the graph, also one chain without.
    private static BlockProgramme[] Of(PlanningGraph graph) => Programmes.GetValue(graph, g =>
    {
        var all = new[] { 1, 2, 3, 4, 6 }.Select(every => BlockCuts.Of(g, every, pins: true)).ToList();
        if (all[0].Pinned.Count > 0) all.Add(BlockCuts.Of(g, 1, pins: false));
        return [.. all.Where(c => c.Blocks.Count <= Math.Max(MostBlocks, all.Min(o => o.Blocks.Count)))
            .Select(c => new BlockProgramme(g, c))];
    });
}
