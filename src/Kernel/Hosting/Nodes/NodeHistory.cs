using System.Text.Json;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>
/// What earlier checks have seen: the kernel's counters run from its start, and only what has come since then is news.
/// </summary>
internal sealed class NodeHistory
{
    private const int Most = 20; // of the measurements that are kept

    private readonly string? path;
    private readonly Dictionary<string, long> counters = [];
    private readonly Dictionary<string, List<double>> measured = [];

    private NodeHistory(string? path) => this.path = path;

    private sealed record Kept(Dictionary<string, long> Counters, Dictionary<string, List<double>> Measured);

    /// <summary>Where that of this machine is.</summary>
    public static string OfThis => Path.Combine(CacheFolder.Find(), "node.json");

    /// <summary>Reads one; a file that is not there, or is none, is an empty one.</summary>
    /// <param name="path">Null for one that is not kept.</param>
    public static NodeHistory Open(string? path)
    {
        var history = new NodeHistory(path);
        try
        {
            if (path is null || !File.Exists(path)
                || JsonSerializer.Deserialize<Kept>(File.ReadAllText(path)) is not { Counters: { } seen, Measured: { } kept }) return history;
            foreach (var (name, value) in seen) history.counters[name] = value;
            foreach (var (name, values) in kept) history.measured[name] = values ?? [];
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException) { }
        return history;
    }

    /// <summary>How much a counter has grown since the last check; 0 at the first one. One that is less began anew.</summary>
    public long Growth(string counter, long now)
    {
        lock (counters)
        {
            var hasBefore = counters.TryGetValue(counter, out var before);
            counters[counter] = now;
            return !hasBefore ? 0 : now < before ? now : now - before;
        }
    }

    /// <summary>Whether something has held now or at any check before.</summary>
    public bool Ever(string what, bool now)
    {
        lock (counters)
        {
            if (now) counters[what] = 1;
            return counters.ContainsKey(what);
        }
    }

    /// <summary>Keeps a measurement.</summary>
    /// <returns>The median of those before; null while there are fewer than three.</returns>
    public double? Usual(string what, double now)
    {
        lock (counters)
        {
            var values = measured.TryGetValue(what, out var kept) ? kept : measured[what] = [];
            double? usual = values.Count < 3 ? null : values.Order().ElementAt(values.Count / 2);
            values.Add(now);
            if (values.Count > Most) values.RemoveAt(0);
            return usual;
        }
    }

    /// <summary>Keeps it for the next check, where it can be written.</summary>
    public void Save()
    {
        if (path is null) return;
        string text;
        lock (counters) text = JsonSerializer.Serialize(new Kept(counters, measured));
        try { AtomicFile.WriteText(path, text); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // a full disk is a finding
    }
}
