namespace Interactive.Collectives.Simulation;

/// <summary>What one rank did: the messages of a collective operation in the order of its calls.</summary>
/// <param name="Rank">The rank.</param>
/// <param name="Events">Sends, receives and waits, in order.</param>
public sealed record MessageTrace(int Rank, IReadOnlyList<MessageTrace.Event> Events)
{
    /// <summary>Kinds of event.</summary>
    public enum Kind : byte
    {
        /// <summary>A message leaves.</summary>
        Send,
        /// <summary>Memory is offered for a message.</summary>
        Receive,
        /// <summary>The rank does not go on before an earlier event is complete.</summary>
        Wait,
    }

    /// <summary>One call.</summary>
    /// <param name="Kind">What is called.</param>
    /// <param name="Peer">The other rank; of a wait: the index of the event that is waited for.</param>
    /// <param name="Bytes">Size of the message, 0 for a wait.</param>
    /// <param name="Tag">Messages of one sender, receiver and tag arrive in order.</param>
    public readonly record struct Event(Kind Kind, int Peer, int Bytes, int Tag);

    /// <summary>Messages that this rank sends.</summary>
    public int Messages => Events.Count(e => e.Kind == Kind.Send);

    /// <summary>Bytes that this rank sends.</summary>
    public long SentBytes => Events.Where(e => e.Kind == Kind.Send).Sum(e => (long)e.Bytes);
}
