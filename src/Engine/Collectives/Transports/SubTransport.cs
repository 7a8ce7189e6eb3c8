namespace Interactive.Collectives.Transports;

/// <summary>Some of the ends of another transport, numbered from zero.</summary>
internal sealed unsafe class SubTransport(ITransport parent, IReadOnlyList<int> members, bool ownsParent = false)
    : ITransport
{
    public int Rank { get; } = members.ToList().IndexOf(parent.Rank);
    public int Size => members.Count;
    public string Host => parent.Host;
    public Transfer Send(void* data, int bytes, int peer, int tag) => parent.Send(data, bytes, members[peer], tag);
    public Transfer Receive(void* data, int bytes, int peer, int tag)
        => parent.Receive(data, bytes, members[peer], tag);
    public void Wait(ref Transfer transfer) => parent.Wait(ref transfer);
    public bool Test(ref Transfer transfer) => parent.Test(ref transfer);
    // collective over all of the parent's ends
    public ITransport Duplicate() => new SubTransport(parent.Duplicate(), members, ownsParent: true);
    public void Abort(int exitCode) => parent.Abort(exitCode);

    public void Dispose()
    {
        if (ownsParent) parent.Dispose();
    }
}
