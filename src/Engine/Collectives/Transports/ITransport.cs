namespace Interactive.Collectives;

/// <summary>
/// Point-to-point messages between ranks: what the algorithms are written on. Messages of one (sender, receiver, tag)
/// arrive in the order in which they were sent. The memory of a transfer must stay put until <see cref="Wait"/>
/// returns.
/// </summary>
public unsafe interface ITransport : IDisposable
{
    /// <summary>This end, 0 to <see cref="Size"/> - 1.</summary>
    int Rank { get; }

    /// <summary>Number of ends.</summary>
    int Size { get; }

    /// <summary>Name of the machine this end runs on; ends with equal names share memory.</summary>
    string Host { get; }

    /// <summary>Starts sending.</summary>
    Transfer Send(void* data, int bytes, int peer, int tag);

    /// <summary>Starts receiving exactly <paramref name="bytes"/> bytes.</summary>
    Transfer Receive(void* data, int bytes, int peer, int tag);

    /// <summary>Returns when the transfer is complete; gives the core away while it waits.</summary>
    void Wait(ref Transfer transfer);

    /// <summary>Whether the transfer is complete; returns at once, and moves on what is on its way.</summary>
    bool Test(ref Transfer transfer);

    /// <summary>A transport of the same ends whose messages never mix with this one's (collective).</summary>
    ITransport Duplicate();

    /// <summary>Ends all ranks.</summary>
    void Abort(int exitCode);
}
