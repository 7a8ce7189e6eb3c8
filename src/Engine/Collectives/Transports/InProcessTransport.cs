using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Interactive.Collectives.Transports;

/// <summary>Ranks as threads of one process: for tests, and for a world of one rank.</summary>
public sealed unsafe class InProcessTransport : ITransport, ISharesMemory
{
    readonly ConcurrentDictionary<(int Channel, int From, int To, int Tag), MailBox> mail;
    readonly int channel;
    int duplicates;

    InProcessTransport(ConcurrentDictionary<(int, int, int, int), MailBox> mail, int rank, int size,
        int channel, string host) =>
        (this.mail, Rank, Size, this.channel, Host) = (mail, rank, size, channel, host);

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <inheritdoc/>
    public string Host { get; }

    /// <summary>
    /// The connected ends of <paramref name="size"/> ranks; <paramref name="host"/> names each rank's host (default:
    /// all on one).
    /// </summary>
    public static InProcessTransport[] Create(int size, Func<int, string>? host = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        var mail = new ConcurrentDictionary<(int, int, int, int), MailBox>();
        return [.. Enumerable.Range(0, size).Select(rank
            => new InProcessTransport(mail, rank, size, 0, host?.Invoke(rank) ?? Environment.MachineName))];
    }

    /// <inheritdoc/>
    public Transfer Send(void* data, int bytes, int peer, int tag)
    {
        Box(Rank, peer, tag).Add(new ReadOnlySpan<byte>(data, bytes).ToArray());
        return default;
    }

    /// <inheritdoc/>
    public Transfer Receive(void* data, int bytes, int peer, int tag)
    {
        var box = Box(peer, Rank, tag);
        return new() { Pending = true, Request = (nint)data, State = (box, box.Ask(), bytes) };
    }

    /// <inheritdoc/>
    public void Wait(ref Transfer transfer)
    {
        if (!transfer.Pending) return;
        var (box, number, bytes) = ((MailBox, int, int))transfer.State!;
        var message = box.Take(number);
        if (message.Length != bytes)
            throw new CollectiveException($"rank {Rank} expects a message of {bytes} bytes, got {message.Length}");
        message.CopyTo(new Span<byte>((void*)transfer.Request, bytes));
        transfer = default;
    }

    /// <inheritdoc/>
    public bool Test(ref Transfer transfer)
    {
        if (!transfer.Pending) return true;
        var (box, number, _) = ((MailBox, int, int))transfer.State!;
        if (!box.Has(number)) return false;
        Wait(ref transfer);
        return true;
    }

    /// <inheritdoc/>
    public ITransport Duplicate() => new InProcessTransport(mail, Rank, Size, (channel + 1) * 64 + duplicates++, Host);

    SharedWindow ISharesMemory.Share(IReadOnlyList<int> group, long bytes, long all)
    {
        const int Tag = -1;
        int mine = group.ToList().IndexOf(Rank);
        var parts = new nint[group.Count];
        var address = parts[mine] = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 4096);
        new Span<byte>((void*)address, (int)Math.Min(bytes, 4096)).Clear();
        var part = address;
        foreach (var peer in group.Where(peer => peer != Rank)) Send(&part, sizeof(nint), peer, Tag);
        for (int i = 0; i < parts.Length; i++)
        {
            if (i == mine) continue;
            nint other;
            var transfer = Receive(&other, sizeof(nint), group[i], Tag);
            Wait(ref transfer);
            parts[i] = other;
        }
        return new SharedWindow(parts, mine, bytes, () =>
        {
            // Others may still read this part until they free theirs.
            byte token = 0;
            foreach (var peer in group.Where(peer => peer != Rank)) Send(&token, 1, peer, Tag);
            foreach (var peer in group.Where(peer => peer != Rank))
            {
                var transfer = Receive(&token, 1, peer, Tag);
                Wait(ref transfer);
            }
            NativeMemory.AlignedFree((void*)address);
        });
    }

    /// <inheritdoc/>
    public void Abort(int exitCode) => Environment.Exit(exitCode);

    /// <inheritdoc/>
    public void Dispose() { }

    MailBox Box(int from, int to, int tag) => mail.GetOrAdd((channel, from, to, tag), static _ => new());

    /// <summary>Messages of one sender, receiver and tag. As in MPI, who asked first gets the first, whoever looks first.</summary>
    sealed class MailBox
    {
        readonly BlockingCollection<byte[]> messages = [];
        readonly Dictionary<int, byte[]> arrived = []; // by the number of who has asked for it; the receiver's own
        int asked, given;

        public void Add(byte[] message) => messages.Add(message);

        /// <summary>The number of a message that is asked for.</summary>
        public int Ask() => asked++;

        public bool Has(int number)
        {
            while (messages.TryTake(out var message)) arrived[given++] = message;
            return arrived.ContainsKey(number);
        }

        public byte[] Take(int number)
        {
            byte[]? message;
            while (!arrived.Remove(number, out message)) arrived[given++] = messages.Take();
            return message;
        }
    }
}
