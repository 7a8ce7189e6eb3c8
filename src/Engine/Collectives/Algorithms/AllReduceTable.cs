using System.Text.Json;
using Interactive.Runtime;

namespace Interactive.Collectives;

/// <summary>
/// Which algorithm sums a buffer, by its size. The choice looks at the length of the whole buffer, not of a range, so
/// that dividing a buffer into buckets cannot change the order of summation. A fixed table is used unless one that
/// `interactive bench allreduce --tune` has measured for the same ranks per host lies in the cache.
/// </summary>
public sealed record AllReduceTable(IReadOnlyList<AllReduceTable.Row> Rows, string Source)
{
    /// <summary>Up to <paramref name="MostBytes"/> of buffer, <paramref name="Algorithm"/>.</summary>
    public sealed record Row(long MostBytes, AllReduceAlgorithm Algorithm);

    /// <summary>The algorithm for a buffer of this size.</summary>
    public AllReduceAlgorithm For(long bytes) => Rows.First(row => bytes <= row.MostBytes).Algorithm;

    /// <summary>The table for ranks on these hosts: from the cache when there is one, else the fixed one.</summary>
    public static AllReduceTable Choose(IReadOnlyList<string> hosts)
    {
        try
        {
            var rows = JsonSerializer.Deserialize<Row[]>(File.ReadAllText(CacheFile(hosts)));
            if (rows is [.., { MostBytes: long.MaxValue }] && rows.All(row => row is { Algorithm: not null }))
                return new AllReduceTable(rows, "measured");
            return Fixed(hosts); // damaged
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException or UsageException)
        {
            return Fixed(hosts); // none measured here, or of algorithms that there are not
        }
    }

    /// <summary>
    /// The same for ranks that share no memory, whatever their hosts: few rounds for small buffers, the ring for large
    /// ones.
    /// </summary>
    internal AllReduceTable OverMessages()
        => Rows.All(row => row.Algorithm != AllReduceAlgorithm.Window && row.Algorithm != AllReduceAlgorithm.Hierarchical)
        ? this : this with
        {
            Rows = [new(256 << 10, AllReduceAlgorithm.HalvingDoubling), new(long.MaxValue, AllReduceAlgorithm.Ring)],
        };

    /// <summary>Keeps a measured table for ranks on these hosts.</summary>
    public static void Save(IReadOnlyList<string> hosts, IReadOnlyList<Row> rows)
    {
        var path = CacheFile(hosts);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.WriteText(path, JsonSerializer.Serialize(rows));
    }

    /// <summary>
    /// One host: shared memory. Several: few rounds for small buffers; for large ones the network carries them once per
    /// host when hosts hold several ranks each.
    /// </summary>
    static AllReduceTable Fixed(IReadOnlyList<string> hosts)
    {
        var counts = hosts.CountBy(host => host).Select(pair => pair.Value).ToList();
        if (counts.Count == 1) return new([new(long.MaxValue, AllReduceAlgorithm.Window)], "fixed");
        var large = counts.Min() == counts.Max() && counts[0] > 1 ? AllReduceAlgorithm.Hierarchical : AllReduceAlgorithm.Ring;
        return new([new(256 << 10, AllReduceAlgorithm.HalvingDoubling), new(4 << 20, AllReduceAlgorithm.Ring),
            new(long.MaxValue, large)], "fixed");
    }

    static string CacheFile(IReadOnlyList<string> hosts)
    {
        var counts = hosts.CountBy(host => host).Select(pair => pair.Value);
        return Path.Combine(CacheFolder.Find(), $"allreduce-{string.Join('x', counts)}.json");
    }
}
