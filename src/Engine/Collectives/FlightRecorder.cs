using System.Diagnostics;

namespace Interactive.Collectives;

/// <summary>The last 256 collective operations of this rank, for the report when something hangs.</summary>
public sealed class FlightRecorder
{
    const int Kept = 256;

    /// <summary>One operation; times are <see cref="Stopwatch"/> timestamps.</summary>
    public sealed record Entry(long Number, string Operation, string Name, long Count, long Started)
    {
        long finished;

        /// <summary>When it was complete, or null while it runs.</summary>
        public long? Finished => Volatile.Read(ref finished) is var at and not 0 ? at : null;

        internal void Finish() => Volatile.Write(ref finished, Stopwatch.GetTimestamp());

        /// <inheritdoc/>
        public override string ToString() => $"{Operation}{(Name == "" ? "" : " " + Name)} #{Number}{(Count < 0 ? "" : $" ({Count} elements)")}";
    }

    readonly Queue<Entry> entries = new();

    /// <summary>The end of a message's name, by which a report finds who waits for a rank.</summary>
    internal static string Peer(int rank) => $", rank {rank}";

    /// <summary>Of states, such as ranks report them: those of ranks that wait for a message of a rank, or wait to be rid of one.</summary>
    internal static IEnumerable<string> WaitingFor(int rank, IEnumerable<(string Name, string? State)> states)
        => states.Where(s => s.State?.StartsWith("is in") == true && s.State.Contains($"{Peer(rank)} #", StringComparison.Ordinal))
        .Select(s => $"{s.Name} {s.State}");

    /// <summary>Raised after an operation, on the thread that has made it.</summary>
    public event Action<Entry>? Finished;

    /// <summary>Notes the start of an operation.</summary>
    public Entry Start(long number, string operation, string name, long count)
    {
        var entry = new Entry(number, operation, name, count, Stopwatch.GetTimestamp());
        lock (entries)
        {
            entries.Enqueue(entry);
            if (entries.Count > Kept) entries.Dequeue();
        }
        return entry;
    }

    /// <summary>Notes its end.</summary>
    public void Finish(Entry entry)
    {
        entry.Finish();
        CommunicationTime.AddSince(entry.Started);
        Finished?.Invoke(entry);
    }

    /// <summary>The oldest operation that is still running, or null.</summary>
    public Entry? Pending { get { lock (entries) return entries.FirstOrDefault(entry => entry.Finished is null); } }

    /// <summary>What this rank is doing, in words.</summary>
    public string State
    {
        get
        {
            lock (entries)
                return entries.FirstOrDefault(entry => entry.Finished is null) is { } pending ? $"is in {pending}"
                    : entries.LastOrDefault() is { } last ? $"computes since {last}" : "computes";
        }
    }

    /// <summary>All entries, oldest first, a line each; times are those since the system started.</summary>
    public IReadOnlyList<string> Lines
    {
        get { lock (entries) return [.. entries.Select(entry => $"{Milliseconds(entry.Started)} ms  {(entry.Finished is { } end ? $"{Milliseconds(end - entry.Started)} ms" : "running"),10}  {entry}")]; }
    }

    static long Milliseconds(long ticks) => ticks * 1000 / Stopwatch.Frequency;
}
