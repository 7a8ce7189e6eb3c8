using System.Diagnostics.Metrics;

namespace Interactive.Engine.Tests.Data.Remote.Cluster;

/// <summary>What the meter counts of the tiers while it lives: by instrument and tag, as hits.cluster.</summary>
internal sealed class Counts : IDisposable
{
    private readonly Dictionary<string, long> sums = [];
    private readonly MeterListener listener = new();

    public Counts()
    {
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Name.StartsWith("interactive.cache_", StringComparison.Ordinal)) own.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var key = $"{instrument.Name["interactive.cache_".Length..]}.{tags[0].Value}";
            lock (sums) sums[key] = sums.GetValueOrDefault(key) + value;
        });
        listener.Start();
    }

    public long this[string key]
    {
        get
        {
            lock (sums) return sums.GetValueOrDefault(key);
        }
    }

    public void Dispose() => listener.Dispose();
}
