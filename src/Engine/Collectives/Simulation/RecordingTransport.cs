namespace Interactive.Collectives.Simulation;

/// <summary>
/// One rank of a world whose other ranks do not exist: notes every call, moves nothing and never waits. What an
/// algorithm sends does not depend on the data, so each rank of any number can be recorded alone, one after another.
/// </summary>
internal sealed unsafe class RecordingTransport(int rank, int size) : ITransport
{
    readonly List<MessageTrace.Event> events = [];

    public int Rank => rank;
    public int Size => size;
    public string Host => $"host{rank}";

    /// <summary>What has been called so far.</summary>
    public MessageTrace Trace => new(rank, [.. events]);

    public Transfer Send(void* data, int bytes, int peer, int tag) => Note(MessageTrace.Kind.Send, bytes, peer, tag);

    public Transfer Receive(void* data, int bytes, int peer, int tag)
        => Note(MessageTrace.Kind.Receive, bytes, peer, tag);

    public void Wait(ref Transfer transfer)
    {
        if (!transfer.Pending) return;
        events.Add(new(MessageTrace.Kind.Wait, (int)transfer.Request, 0, 0));
        transfer = default;
    }

    public bool Test(ref Transfer transfer)
    {
        Wait(ref transfer);
        return true;
    }

    public ITransport Duplicate() => throw new NotSupportedException("only one algorithm is recorded at a time");
    public void Abort(int exitCode)
        => throw new CollectiveException($"the recorded rank {rank} aborts with exit code {exitCode}");
    public void Dispose() { }

    Transfer Note(MessageTrace.Kind kind, int bytes, int peer, int tag)
    {
        events.Add(new(kind, peer, bytes, tag));
        return new Transfer { Pending = true, Request = events.Count - 1 };
    }
}
