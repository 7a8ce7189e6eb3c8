using Interactive.Collectives.Transports;

namespace Interactive.Collectives;

/// <summary>
/// Messages between single ranks, moved by a thread of their own while the caller computes: MPI moves nothing large
/// unless it is asked again and again. Messages of one (sender, receiver, tag) arrive in the order in which they were
/// sent.
/// </summary>
public sealed unsafe class MessageLink : IDisposable
{
    private readonly ITransport transport;
    private readonly FlightRecorder recorder;
    private readonly Thread thread;
    private readonly object gate = new();
    private readonly Queue<Message> asked = [];
    private Exception? error;
    private int waiting;
    private long number;
    private bool closing;

    /// <summary>Takes ownership of the transport, which nobody else uses.</summary>
    internal MessageLink(ITransport transport, FlightRecorder recorder)
    {
        (this.transport, this.recorder) = (transport, recorder);
        thread = new Thread(Move) { IsBackground = true, Name = "messages" };
        thread.Start();
    }

    /// <summary>One message on its way.</summary>
    public sealed class Message
    {
        internal Transfer Transfer;
        internal nint Data { get; init; }
        internal int Bytes { get; init; }
        internal int Peer { get; init; }
        internal int Tag { get; init; }
        internal bool IsSend { get; init; }
        internal string Name { get; init; } = "";
        internal bool IsDone { get; set; }
    }

    /// <summary>Bytes sent so far.</summary>
    public long SentBytes { get; private set; }

    /// <summary>Starts sending memory, which must stay as it is until the message has been waited for.</summary>
    /// <param name="data">First byte.</param>
    /// <param name="bytes">How many.</param>
    /// <param name="peer">To which rank.</param>
    /// <param name="tag">Which of the messages between two ranks.</param>
    /// <param name="name">What it is, for the report when something hangs.</param>
    public Message Send(void* data, int bytes, int peer, int tag, string name)
        => Ask(true, data, bytes, peer, tag, name);

    /// <summary>
    /// Starts receiving exactly so many bytes into memory, which must not be touched until the message has been waited
    /// for.
    /// </summary>
    /// <inheritdoc cref="Send"/>
    public Message Receive(void* data, int bytes, int peer, int tag, string name)
        => Ask(false, data, bytes, peer, tag, name);

    private Message Ask(bool isSend, void* data, int bytes, int peer, int tag, string name)
    {
        var message =
            new Message { IsSend = isSend, Data = (nint)data, Bytes = bytes, Peer = peer, Tag = tag, Name = name };
        lock (gate)
        {
            if (isSend) SentBytes += bytes;
            asked.Enqueue(message);
            Monitor.PulseAll(gate);
        }
        return message;
    }

    /// <summary>Returns when a message has been moved.</summary>
    /// <exception cref="CollectiveException">It cannot be.</exception>
    public void Wait(Message message)
    {
        lock (gate)
        {
            if (message.IsDone) return;
            var entry = recorder.Start(number++, message.IsSend ? "send" : "receive",
                $"{message.Name}{FlightRecorder.Peer(message.Peer)}", message.Bytes);
            waiting++;
            while (!message.IsDone && error is null) Monitor.Wait(gate);
            waiting--;
            if (!message.IsDone) throw new CollectiveException($"{message.Name}: {error!.Message}");
            recorder.Finish(entry);
        }
    }

    private void Move()
    {
        var moving = new List<Message>();
        var patience = new YieldingWait();
        try
        {
            while (true)
            {
                lock (gate)
                {
                    while (asked.Count == 0 && moving.Count == 0 && !closing) Monitor.Wait(gate);
                    if (closing) return;
                    while (asked.TryDequeue(out var next))
                    {
                        next.Transfer = next.IsSend ? transport.Send((void*)next.Data, next.Bytes, next.Peer, next.Tag)
                            : transport.Receive((void*)next.Data, next.Bytes, next.Peer, next.Tag);
                        moving.Add(next);
                        patience = YieldingWait.Asleep;
                    }
                }
                if (moving.RemoveAll(message => Test(message)) == 0)
                {
                    patience.Once();
                    continue;
                }
                patience = Volatile.Read(ref waiting) > 0 ? new YieldingWait() : YieldingWait.Asleep;
            }
        }
        catch (Exception e)
        {
            lock (gate)
            {
                error = e;
                Monitor.PulseAll(gate);
            }
        }
    }

    private bool Test(Message message)
    {
        if (!transport.Test(ref message.Transfer)) return false;
        lock (gate)
        {
            message.IsDone = true;
            Monitor.PulseAll(gate);
        }
        return true;
    }

    /// <summary>Ends the thread; messages on their way are given up.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            closing = true;
            Monitor.PulseAll(gate);
        }
        thread.Join();
        transport.Dispose();
    }
}
