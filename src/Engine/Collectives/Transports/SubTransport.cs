namespace Interactive.Collectives.Transports;

/// <summary>Some of the ends of another transport, numbered from zero.</summary>
internal sealed unsafe class SubTransport : ITransport
{
    private readonly ITransport parent;
    private readonly IReadOnlyList<int> members;
    private readonly bool ownsParent;
    private readonly long[] sent; // bytes, of all duplicates together

    public SubTransport(ITransport parent, IReadOnlyList<int> members, bool ownsParent = false)
        : this(parent, members, ownsParent, [0]) { }

    private SubTransport(ITransport parent, IReadOnlyList<int> members, bool ownsParent, long[] sent)
    {
        (this.parent, this.members, this.ownsParent, this.sent) = (parent, members, ownsParent, sent);
        Rank = members.ToList().IndexOf(parent.Rank);
    }

    public int Rank { get; }
    public int Size => members.Count;
    public string Host => parent.Host;

    /// <summary>Bytes that this end and its duplicates have sent.</summary>
    public long SentBytes => Interlocked.Read(ref sent[0]);

    /// <summary>Counts bytes as sent, or with a minus as not.</summary>
    public void Count(long bytes) => Interlocked.Add(ref sent[0], bytes);

    public Transfer Send(void* data, int bytes, int peer, int tag)
    {
        Count(bytes);
        return parent.Send(data, bytes, members[peer], tag);
    }

    public Transfer Receive(void* data, int bytes, int peer, int tag)
        => parent.Receive(data, bytes, members[peer], tag);
    public void Wait(ref Transfer transfer) => parent.Wait(ref transfer);
    public bool Test(ref Transfer transfer) => parent.Test(ref transfer);

    // Collective over all of the parent's ends, which others of them need not join; a single end sends to nobody.
    public ITransport Duplicate() => Size == 1 ? new SubTransport(parent, members, false, sent)
        : new SubTransport(parent.Duplicate(), members, ownsParent: true, sent);

    public void Abort(int exitCode) => parent.Abort(exitCode);

    public void Dispose()
    {
        if (ownsParent) parent.Dispose();
    }
}
