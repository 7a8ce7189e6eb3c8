using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Interactive.Collectives.Algorithms;
using Interactive.Collectives.Transports;

namespace Interactive.Collectives;

/// <summary>Collective operations over any transport.</summary>
public sealed unsafe class Communicator : ICommunicator
{
    const int Tag = 2, NoticeTag = 4, MessageBytes = 1 << 22;
    const string End = "end of the process";
    static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(1);
    readonly ITransport transport;
    readonly AllReduceOptions options;
    readonly FlightRecorder recorder;
    readonly List<SharedWindow> windows, released = [];
    readonly string[] hosts;
    readonly Dictionary<string, IAllReduce> algorithms = [];
    readonly DirectExchange direct;
    readonly NodeGroup? group;
    readonly int[] local;
    readonly bool ownsWindows;
    readonly byte[] mine = new byte[Notice.Bytes], theirs = new byte[Notice.Bytes];
    (string Operation, string Name) written;
    ulong wordsDigest;
    long number;

    /// <summary>
    /// Takes ownership of <paramref name="transport"/>. Collective: exchanges the names of the hosts.
    /// </summary>
    /// <exception cref="UsageException">The options contradict each other.</exception>
    public Communicator(ITransport transport, AllReduceOptions? options = null, FlightRecorder? recorder = null)
        : this(transport, options ?? new AllReduceOptions(), recorder ?? new FlightRecorder(), null, null) { }

    Communicator(ITransport transport, AllReduceOptions options, FlightRecorder recorder, string[]? hosts,
        List<SharedWindow>? windows)
    {
        this.transport = transport;
        this.options = options.Validate();
        this.recorder = recorder;
        this.windows = windows ?? [];
        ownsWindows = windows is null;
        direct = new DirectExchange(transport);
        this.hosts = hosts ?? [.. Gather(Encoding.UTF8.GetBytes(transport.Host)).Select(Encoding.UTF8.GetString)];
        local = [.. Enumerable.Range(0, Size).Where(rank => this.hosts[rank] == this.hosts[Rank])];
        if (Size > 1 && transport is ISharesMemory shares
            && this.hosts.CountBy(host => host).Any(pair => pair.Value > 1))
        {
            group = new NodeGroup(shares, local);
            Dissemination(); // nobody reads a counter before its owner has cleared it
        }
        Table = AllReduceTable.Choose(this.hosts);
        if (group is null) Table = Table.OverMessages();
    }

    /// <summary>
    /// Bytes of data that this rank has sent to the others over this communicator and its duplicates, where it is a
    /// part of another one (<see cref="Split"/>); notices of what is done are not counted.
    /// </summary>
    internal long SentBytes => (transport as SubTransport)?.SentBytes ?? 0;

    /// <summary>What this rank does with the others, over this communicator and its duplicates.</summary>
    public FlightRecorder Recorder => recorder;

    /// <inheritdoc/>
    public int Rank => transport.Rank;

    /// <inheritdoc/>
    public int Size => transport.Size;

    /// <inheritdoc/>
    public int LocalRank => Array.IndexOf(local, Rank);

    /// <inheritdoc/>
    public IReadOnlyList<string> Hosts => hosts;

    /// <summary>Which algorithm sums which sizes unless the options name one.</summary>
    public AllReduceTable Table { get; }

    /// <inheritdoc/>
    public void AllReduce(float* data, long count) => AllReduce(data, count, 0, count);

    /// <inheritdoc/>
    public void AllReduce(float* buffer, long length, long start, long count, string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, length);
        if (Size == 1) return;
        var algorithm = Choose(length);
        var window = algorithm as WindowAllReduce;
        if (window?.IsSmall(count) is not true) window = null;
        window?.Offer(buffer + start, count);
        var entry = Enter("all-reduce", count, name);
        if (window is not null) window.SumOffered(buffer + start, count);
        else algorithm.Run(buffer, length, start, count);
        recorder.Finish(entry);
    }

    /// <inheritdoc/>
    public void ReduceScatter(float* data, long count, string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (Size == 1) return;
        var entry = Enter("reduce-scatter", count, name);
        direct.ReduceScatter(data, count);
        recorder.Finish(entry);
    }

    /// <inheritdoc/>
    public void AllGather(float* data, long count, string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (Size == 1) return;
        var entry = Enter("all-gather", count, name);
        direct.AllGather(data, count);
        recorder.Finish(entry);
    }

    /// <inheritdoc/>
    public void GatherBlocks(float* blocks, long each, string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(each);
        var entry = Enter("all-gather of blocks", each, name);
        direct.GatherBlocks(blocks, each);
        recorder.Finish(entry);
    }

    /// <inheritdoc/>
    public void SumBlocks(float* blocks, float* sum, long each, string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(each);
        var entry = Enter("sum of blocks", each, name);
        if (Size == 1) Buffer.MemoryCopy(blocks, sum, each * sizeof(float), each * sizeof(float));
        else direct.SumBlocks(blocks, sum, each);
        recorder.Finish(entry);
    }

    /// <inheritdoc/>
    public void SwapBlocks(float* from, float* to, long each, string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(each);
        var entry = Enter("exchange of blocks", each, name);
        direct.SwapBlocks(from, to, each);
        recorder.Finish(entry);
    }

    /// <inheritdoc/>
    public (long Low, long High) Part(int rank, long count) => DirectExchange.Part(rank, Size, count);

    /// <inheritdoc/>
    public void Broadcast(Span<byte> data, int root)
    {
        if (root < 0 || root >= Size)
            throw new ArgumentOutOfRangeException(nameof(root), $"root {root} of {Size} ranks");
        if (Size == 1) return;
        var entry = Enter("broadcast", data.Length, $"from rank {root}");
        // Binomial tree: after round k, 2^k ranks (counted from the root) hold the data.
        int me = (Rank - root + Size) % Size;
        for (int offset = 0; offset < data.Length; offset += MessageBytes)
        {
            var piece = data.Slice(offset, Math.Min(MessageBytes, data.Length - offset));
            for (int distance = 1; distance < Size; distance *= 2)
            {
                if (me < distance && me + distance < Size) Exchange(piece, (Rank + distance) % Size, default, 0);
                else if (me >= distance && me < 2 * distance)
                    Exchange(default, 0, piece, (Rank - distance + Size) % Size);
            }
        }
        recorder.Finish(entry);
    }

    /// <inheritdoc/>
    public byte[][] AllGather(ReadOnlySpan<byte> mine)
    {
        var entry = Enter("all-gather of bytes", -1, "");
        var all = Gather(mine);
        recorder.Finish(entry);
        return all;
    }

    /// <inheritdoc/>
    public void Barrier() => Meet("barrier");

    /// <summary>The last barrier: a rank that ends while the others go on is told so.</summary>
    internal void Leave() => Meet(End);

    void Meet(string what)
    {
        var entry = Enter(what, 0, "");
        Dissemination();
        recorder.Finish(entry);
    }

    /// <inheritdoc/>
    public float* Allocate(long floats)
    {
        const int Page = 4096;
        ArgumentOutOfRangeException.ThrowIfNegative(floats);
        long bytes = (Math.Max(1, floats) * sizeof(float) + Page - 1) / Page * Page;
        var window = released.Find(free => free.OneBytes == 0 && free.Bytes == bytes);
        if (window is not null) released.Remove(window);
        else if (group is not null) window = ((ISharesMemory)transport).Share(local, bytes);
        else
        {
            var memory = (nint)NativeMemory.AlignedAlloc((nuint)bytes, Page);
            window = new SharedWindow([memory], 0, bytes, () => NativeMemory.AlignedFree((void*)memory));
        }
        NativeMemory.Clear(window.Part(window.Mine), (nuint)bytes);
        if (!windows.Contains(window)) windows.Add(window);
        if (Size > 1) Barrier(); // nobody adds to what another has yet to clear
        return (float*)window.Part(window.Mine);
    }

    /// <inheritdoc/>
    public float* AllocateOne(long floats)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(floats);
        if (group?.Count != Size) return null;
        long bytes = Math.Max(1, floats) * sizeof(float);
        var window = released.Find(free => free.OneBytes == bytes);
        if (window is not null)
        {
            released.Remove(window);
            Barrier(); // others may still read what was there
        }
        else
        {
            window = ((ISharesMemory)transport).Share(local, LocalRank == 0 ? bytes : sizeof(float), bytes);
            window.OneBytes = bytes;
            windows.Add(window);
        }
        if (LocalRank == 0) NativeMemory.Clear(window.Part(0), (nuint)bytes);
        Barrier(); // nobody writes what is yet to be cleared
        return (float*)window.Part(0);
    }

    /// <inheritdoc/>
    public void Release(float* memory) => released.Add(windows.Single(window => window.Part(window.OneBytes > 0 ? 0 : window.Mine) == memory));

    /// <inheritdoc/>
    public bool Reaches(string device, AllReduceOptions? options = null) =>
        Size > 1 && (options ?? this.options).LeavesOrderToMpi && transport is IReachesDevices ends
            && ends.Reaches(device);

    /// <inheritdoc/>
    public ICommunicator Duplicate(AllReduceOptions? options = null) =>
        new Communicator(transport.Duplicate(), options ?? this.options, recorder, hosts, windows);

    /// <inheritdoc/>
    // it shares no memory
    public ICommunicator Split(IReadOnlyList<int> members)
        => new Communicator(new SubTransport(transport.Duplicate(), members, ownsParent: true),
        options with { Algorithm = options.Algorithm ?? AllReduceAlgorithm.Ring }, recorder);

    /// <inheritdoc/>
    public MessageLink Link() => new(transport.Duplicate(), recorder);

    /// <inheritdoc/>
    public void Abort(int exitCode, string why)
    {
        LastWords.Write($"rank {Rank}: {why}");
        transport.Abort(exitCode);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var algorithm in algorithms.Values) algorithm.Dispose();
        direct.Dispose();
        group?.Dispose();
        if (ownsWindows) foreach (var window in windows) window.Dispose();
        transport.Dispose();
    }

    /// <summary>The algorithm for a buffer of <paramref name="length"/> floats.</summary>
    internal IAllReduce Choose(long length)
    {
        if (options.Own is not null) return Get("own");
        if (options.Device is not null) return Get("device");
        if (options.Wire != WireFormat.Fp32) return Get("half");
        if (options.Algorithm is { } named) return Get(named.Name);
        if (options.Deterministic) return Get(group?.Count == Size ? "window" : "halving-doubling");
        return Get(Table.For(length * sizeof(float)).Name);
    }

    IAllReduce Get(string name) => algorithms.TryGetValue(name, out var known) ? known : algorithms[name] = name switch
    {
        "own" => options.Own!(transport),
        "device" when transport is IReachesDevices ends && ends.Reaches(options.Device!)
            => new DeviceAllReduce(ends, options.Device!),
        "half" => new TwoByteAllReduce(transport, options.Wire, options.ErrorFeedback),
        "halving-doubling" => new HalvingDoublingAllReduce(transport),
        "window" when group?.Count == Size => new WindowAllReduce(group, WindowOf),
        "hierarchical" when group is not null && hosts.CountBy(host => host).All(pair => pair.Value == group.Count) =>
            new HierarchicalAllReduce(group, new RingAllReduce(new SubTransport(transport, SameLocalRank())), WindowOf),
        "mpi" when transport is MpiTransport mpi => new MpiAllReduce(mpi),
        "ring" => new RingAllReduce(transport),
        _ => throw new UsageException($"all-reduce algorithm {name} is impossible here: {Size} ranks on {hosts.Distinct().Count()} hosts over {transport.GetType().Name}"),
    };

    /// <summary>One rank of every host, those with this rank's number on its host.</summary>
    int[] SameLocalRank() =>
        [.. hosts.Distinct()
            .Select(host => Enumerable.Range(0, Size).Where(rank => hosts[rank] == host).ElementAt(LocalRank))];

    SharedWindow? WindowOf(nint data, long bytes)
    {
        foreach (var window in windows)
            if (window is { Count: > 1, OneBytes: 0 } && window.Holds((void*)data, bytes)) return window;
        return null;
    }

    /// <summary>Notes the start of an operation and makes sure that the other ranks are about to do the same.</summary>
    FlightRecorder.Entry Enter(string operation, long count, string name)
    {
        long now = number++;
        var entry = recorder.Start(now, operation, name, count);
        if (Size == 1) return entry;
        if (ReferenceEquals(operation, written.Operation) && ReferenceEquals(name, written.Name))
            Notice.Renumber(mine, now, count);
        else
        {
            new Notice(now, count, operation, name).Write(mine);
            wordsDigest = Notice.DigestOfWords(mine);
            written = (operation, name);
        }
        if (group?.Count == Size)
        {
            // Two places in turn: a slow rank may still be reading the notice before.
            int place = (int)(now & 1) * Notice.Bytes;
            mine.CopyTo(group.Notice(Rank)[place..]);
            ulong digest = Notice.Digest(wordsDigest, now, count);
            group.Barrier(digest);
            for (int rank = 0; rank < Size; rank++)
                if (group.Mark(rank) != digest) Compare(group.Notice(rank).Slice(place, Notice.Bytes), rank);
        }
        else
        {
            // Each rank compares with one neighbour: if not all agree, some two neighbours differ.
            Exchange(mine, (Rank + 1) % Size, theirs, (Rank + Size - 1) % Size, NoticeTag);
            (transport as SubTransport)?.Count(-Notice.Bytes);
            Compare(theirs, (Rank + Size - 1) % Size);
        }
        return entry;
    }

    void Compare(ReadOnlySpan<byte> other, int rank)
    {
        if (other.SequenceEqual(mine)) return;
        var (there, own) = (Notice.Read(other), Notice.Read(mine));
        if (own.Operation == End) throw new CollectiveException($"its program has ended, while rank {rank} is at {there}: all ranks make the same calls");
        if (there.Operation == End) Thread.Sleep(Courtesy); // it tells, and ends the job
        throw new CollectiveException($"the ranks do different things: rank {rank} is at {there}, rank {Rank} at {own}");
    }

    byte[][] Gather(ReadOnlySpan<byte> mine)
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

    /// <summary>After round k a rank has heard, directly or not, from the 2^k ranks before it.</summary>
    void Dissemination()
    {
        Span<byte> token = [0], other = [0];
        for (int distance = 1; distance < Size; distance *= 2)
            Exchange(token, (Rank + distance) % Size, other, (Rank - distance + Size) % Size);
    }

    void Exchange(ReadOnlySpan<byte> outgoing, int to, Span<byte> incoming, int from, int tag = Tag)
    {
        fixed (byte* send = outgoing, receive = incoming)
        {
            for (int offset = 0; offset < Math.Max(outgoing.Length, incoming.Length); offset += MessageBytes)
            {
                int sends = Math.Clamp(outgoing.Length - offset, 0, MessageBytes),
                    receives = Math.Clamp(incoming.Length - offset, 0, MessageBytes);
                var receiving = receives > 0 ? transport.Receive(receive + offset, receives, from, tag) : default;
                var sending = sends > 0 ? transport.Send(send + offset, sends, to, tag) : default;
                transport.Wait(ref receiving);
                transport.Wait(ref sending);
            }
        }
    }
}
