using System.Diagnostics;

namespace Interactive.Data;

/// <summary>
/// Reads batches ahead of their use, in order. Several threads share the work sample by sample, the first batch too; at
/// most <see cref="LoaderOptions.Ahead"/> batches are in memory besides the one in use. What a batch holds does not
/// depend on the threads. An error surfaces at its batch, after those before it.
/// </summary>
public sealed class Loader
{
    private readonly IBatchSource source;
    private readonly LoaderOptions options;
    private long waited;

    /// <summary>Prepares to read.</summary>
    /// <exception cref="UsageException">An option is out of range.</exception>
    public Loader(IBatchSource source, LoaderOptions? options = null)
    {
        (this.source, this.options) = (source, options ?? new LoaderOptions());
        this.options.Threads();
    }

    /// <summary>Seconds for which batches were waited for, until now.</summary>
    public double WaitSeconds => Volatile.Read(ref waited) / (double)Stopwatch.Frequency;

    /// <summary>
    /// The batches of these samples; the caller disposes each. What is read and not taken is disposed when the
    /// enumeration ends.
    /// </summary>
    /// <param name="batches">The samples' numbers, batch by batch; enumerated as far as batches are read.</param>
    /// <param name="epoch">As for <see cref="IBatchSource.Read"/>.</param>
    /// <param name="seed">As for <see cref="IBatchSource.Read"/>.</param>
    /// <param name="arrange">Done to each batch by the thread that completes it; takes it over. Default
    /// nothing.</param>
    public IEnumerable<Batch> Read(IEnumerable<int[]> batches, int? epoch = null, ulong seed = 0,
        Func<Batch, int[], Batch>? arrange = null)
    {
        using var ring = new BatchRing(source, batches, epoch, seed, arrange, options.Ahead);
        var threads =
            Enumerable.Range(0, options.Threads())
            .Select(i => new Thread(() => Work(ring)) { IsBackground = true, Name = $"loader {i}" }).ToArray();
        foreach (var thread in threads) thread.Start();
        try
        {
            while (true)
            {
                var started = Stopwatch.GetTimestamp();
                var next = ring.Take();
                Interlocked.Add(ref waited, Stopwatch.GetTimestamp() - started);
                if (next is null) yield break;
                yield return next;
            }
        }
        finally
        {
            ring.Stop();
            foreach (var thread in threads) thread.Join();
        }
    }

    private void Work(BatchRing ring)
    {
        if (options.SharesCores) Niceness.GiveWay();
        ring.Work(options.Threads());
    }
}
