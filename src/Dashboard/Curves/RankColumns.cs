using Interactive.Monitoring;

namespace Interactive.Dashboard;

/// <summary>
/// Ranks by time, in at most so many columns: where there are more windows than that, a column has the greatest of its windows for
/// each rank, so that one slow window in a long run is seen.
/// </summary>
/// <param name="Steps">The last step of each column.</param>
/// <param name="Own">By rank, then by column: seconds a step of its own; null where the run had no such rank.</param>
/// <param name="Data">Waiting for data in it.</param>
/// <param name="Wait">Waiting for other ranks.</param>
internal sealed record RankColumns(IReadOnlyList<long> Steps, float?[][] Own, float?[][] Data, float?[][] Wait)
{
    public static RankColumns Of(IReadOnlyList<RankTimes> windows, int most)
    {
        var size = Math.Max(1, (windows.Count + most - 1) / most);
        var columns = windows.Chunk(size).ToList();
        var ranks = windows.Select(w => w.Own.Length).DefaultIfEmpty(0).Max();
        float?[][] By(Func<RankTimes, float[]> what) => [.. Enumerable.Range(0, ranks).Select(rank => columns
            .Select(column => column.Where(w => rank < w.Own.Length && float.IsFinite(what(w)[rank])).Select(w => (float?)what(w)[rank]).Max()).ToArray())];
        return new([.. columns.Select(c => c[^1].Step)], By(w => w.Own), By(w => w.Data), By(w => w.Wait));
    }
}
