using System.Diagnostics.Metrics;

namespace Interactive.Data;

/// <summary>Counts which tier data came from, in the meter <c>Interactive</c>.</summary>
internal static class CacheMeter
{
    private static readonly Meter meter = new("Interactive");
    private static readonly Counter<long> hits = meter.CreateCounter<long>("interactive.cache_hits", null, "Files of elsewhere, by the nearest tier that had them whole: process (for each sample), node, cluster, origin");
    private static readonly Counter<long> bytes = meter.CreateCounter<long>("interactive.cache_read", "By", "Bytes that came to this machine from the cluster's cache and from the origin");
    private static readonly Counter<long> faults = meter.CreateCounter<long>("interactive.cache_faults", null, "Times that a server of the cache was silent, full, or had wrong bytes");

    public static void Hit(string tier) => hits.Add(1, new KeyValuePair<string, object?>("tier", tier));

    public static void Read(string tier, long count)
    {
        if (count > 0) bytes.Add(count, new KeyValuePair<string, object?>("tier", tier));
    }

    public static void Failed(string kind) => faults.Add(1, new KeyValuePair<string, object?>("kind", kind));
}
