using System.Buffers.Binary;
using Interactive.Collectives.Algorithms;

namespace Interactive.Collectives;

/// <summary>Collective operations over any transport.</summary>
public sealed unsafe class Communicator : ICommunicator
{
    const int Tag = 2, MessageBytes = 1 << 22;
    readonly ITransport transport;
    readonly RingAllReduce ring;
    readonly string[] hosts;

    /// <summary>Takes ownership of <paramref name="transport"/>. Collective: exchanges the names of the hosts.</summary>
    public Communicator(ITransport transport)
    {
        this.transport = transport;
        ring = new RingAllReduce(transport);
        hosts = [.. AllGather(System.Text.Encoding.UTF8.GetBytes(transport.Host)).Select(System.Text.Encoding.UTF8.GetString)];
    }

    /// <inheritdoc/>
    public int Rank => transport.Rank;

    /// <inheritdoc/>
    public int Size => transport.Size;

    /// <inheritdoc/>
    public int LocalRank => hosts.Take(Rank).Count(host => host == hosts[Rank]);

    /// <summary>The host of each rank.</summary>
    public IReadOnlyList<string> Hosts => hosts;

    /// <inheritdoc/>
    public void AllReduce(float* data, long count) => AllReduce(data, count, 0, count);

    /// <inheritdoc/>
    public void AllReduce(float* buffer, long length, long start, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, length);
        ring.Run(buffer, length, start, count);
    }

    /// <inheritdoc/>
    public void Broadcast(Span<byte> data, int root)
    {
        if (root < 0 || root >= Size) throw new ArgumentOutOfRangeException(nameof(root), $"root {root} of {Size} ranks");
        // Binomial tree: after round k, 2^k ranks (counted from the root) hold the data.
        int me = (Rank - root + Size) % Size;
        fixed (byte* pointer = data)
        {
            for (long offset = 0; offset < data.Length; offset += MessageBytes)
            {
                int bytes = (int)Math.Min(MessageBytes, data.Length - offset);
                for (int distance = 1; distance < Size; distance *= 2)
                {
                    if (me < distance && me + distance < Size) Send(pointer + offset, bytes, (Rank + distance) % Size);
                    else if (me >= distance && me < 2 * distance) Receive(pointer + offset, bytes, (Rank - distance + Size) % Size);
                }
            }
        }
    }

    /// <inheritdoc/>
    public byte[][] AllGather(ReadOnlySpan<byte> mine)
    {
        var all = new byte[Size][];
        all[Rank] = mine.ToArray();
        int next = (Rank + 1) % Size, previous = (Rank + Size - 1) % Size;
        Span<byte> outgoing = stackalloc byte[8], incoming = stackalloc byte[8];
        for (int step = 0; step < Size - 1; step++)
        {
            var passOn = all[(Rank - step + Size) % Size];
            BinaryPrimitives.WriteInt64LittleEndian(outgoing, passOn.Length);
            Exchange(outgoing, next, incoming, previous);
            var received = new byte[BinaryPrimitives.ReadInt64LittleEndian(incoming)];
            Exchange(passOn, next, received, previous);
            all[(Rank - step - 1 + Size) % Size] = received;
        }
        return all;
    }

    /// <inheritdoc/>
    public void Barrier()
    {
        // Dissemination: after round k a rank has heard, directly or not, from the 2^k ranks before it.
        Span<byte> token = [0], other = [0];
        for (int distance = 1; distance < Size; distance *= 2)
            Exchange(token, (Rank + distance) % Size, other, (Rank - distance + Size) % Size);
    }

    /// <inheritdoc/>
    public ICommunicator Duplicate() => new Communicator(transport.Duplicate());

    /// <inheritdoc/>
    public void Abort(int exitCode, string why)
    {
        LastWords.Write($"rank {Rank}: {why}");
        transport.Abort(exitCode);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ring.Dispose();
        transport.Dispose();
    }

    void Exchange(ReadOnlySpan<byte> outgoing, int to, Span<byte> incoming, int from)
    {
        fixed (byte* send = outgoing, receive = incoming)
        {
            for (int offset = 0; offset < Math.Max(outgoing.Length, incoming.Length); offset += MessageBytes)
            {
                int sends = Math.Clamp(outgoing.Length - offset, 0, MessageBytes), receives = Math.Clamp(incoming.Length - offset, 0, MessageBytes);
                var receiving = receives > 0 ? transport.Receive(receive + offset, receives, from, Tag) : default;
                var sending = sends > 0 ? transport.Send(send + offset, sends, to, Tag) : default;
                transport.Wait(ref receiving);
                transport.Wait(ref sending);
            }
        }
    }

    void Send(byte* data, int bytes, int to)
    {
        var transfer = transport.Send(data, bytes, to, Tag);
        transport.Wait(ref transfer);
    }

    void Receive(byte* data, int bytes, int from)
    {
        var transfer = transport.Receive(data, bytes, from, Tag);
        transport.Wait(ref transfer);
    }
}
