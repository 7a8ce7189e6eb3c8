namespace Interactive.Collectives;

/// <summary>The last 256 collective operations of this rank, for the report when something hangs.</summary>
public sealed class FlightRecorder
{
    const int Kept = 256;

    /// <summary>One operation; times are milliseconds since the system started.</summary>
    public sealed record Entry(long Number, string Operation, string Name, long Count, long Started)
    {
        /// <summary>When it was complete, or null while it runs.</summary>
        public long? Finished { get; internal set; }

        /// <inheritdoc/>
        public override string ToString() => $"{Operation}{(Name == "" ? "" : " " + Name)} #{Number} ({Count} elements)";
    }

    readonly Queue<Entry> entries = new();

    /// <summary>Notes the start of an operation.</summary>
    public Entry Start(long number, string operation, string name, long count)
    {
        var entry = new Entry(number, operation, name, count, Environment.TickCount64);
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
        lock (entries) entry.Finished = Environment.TickCount64;
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

    /// <summary>All entries, oldest first, a line each.</summary>
    public IReadOnlyList<string> Lines
    {
        get { lock (entries) return [.. entries.Select(entry => $"{entry.Started} ms  {(entry.Finished is { } end ? $"{end - entry.Started} ms" : "running"),10}  {entry}")]; }
    }
}
