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
    /// <summary>The names of all algorithms.</summary>
    public static readonly IReadOnlyList<string> Algorithms = ["ring", "halving-doubling", "window", "hierarchical",
        "mpi"];

    /// <summary>Up to <paramref name="MostBytes"/> of buffer, <paramref name="Algorithm"/>.</summary>
    public sealed record Row(long MostBytes, string Algorithm);

    /// <summary>The algorithm for a buffer of this size.</summary>
    public string For(long bytes) => Rows.First(row => bytes <= row.MostBytes).Algorithm;

    /// <summary>The table for ranks on these hosts: from the cache when there is one, else the fixed one.</summary>
    public static AllReduceTable Choose(IReadOnlyList<string> hosts)
    {
        try
        {
            var rows = JsonSerializer.Deserialize<Row[]>(File.ReadAllText(CacheFile(hosts)));
            if (rows is [.., { MostBytes: long.MaxValue }]
                && rows.All(row => row is not null && Algorithms.Contains(row.Algorithm)))
                return new AllReduceTable(rows, "measured");
            return Fixed(hosts); // damaged
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return Fixed(hosts); // none measured here
        }
    }

    /// <summary>
    /// The same for ranks that share no memory, whatever their hosts: few rounds for small buffers, the ring for large
    /// ones.
    /// </summary>
    internal AllReduceTable OverMessages() => Rows.All(row => row.Algorithm is not ("window" or "hierarchical")) ? this
        : this with { Rows = [new(256 << 10, "halving-doubling"), new(long.MaxValue, "ring")] };

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
        if (counts.Count == 1) return new([new(long.MaxValue, "window")], "fixed");
        var large = counts.Min() == counts.Max() && counts[0] > 1 ? "hierarchical" : "ring";
        return new([new(256 << 10, "halving-doubling"), new(4 << 20, "ring"), new(long.MaxValue, large)], "fixed");
    }

    static string CacheFile(IReadOnlyList<string> hosts)
    {
        var counts = hosts.CountBy(host => host).Select(pair => pair.Value);
        return Path.Combine(CacheFolder.Find(), $"allreduce-{string.Join('x', counts)}.json");
    }
}
