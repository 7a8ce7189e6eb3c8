using System.Runtime.InteropServices;

namespace Interactive.Collectives.Algorithms;

/// <summary>
/// Reduce-scatter and all-gather in which every rank exchanges directly with every other: rank r owns the r-th part of
/// the range. Sums follow the canonical tree for any number of ranks.
/// </summary>
internal sealed unsafe class DirectExchange(ITransport transport) : IDisposable
{
    const int Tag = 6, Segment = 64 * 1024, Window = 2;
    readonly TreeSum tree = new(transport.Size);
    readonly int ranks = transport.Size, rank = transport.Rank;
    float* scratch;

    /// <summary>The part of a range of <paramref name="count"/> floats that a rank owns: [low, high).</summary>
    public static (long Low, long High) Part(int rank, int ranks, long count)
        => WindowAllReduce.Slice(rank, ranks, count);

    /// <summary>
    /// Leaves the sums over all ranks in this rank's part; the other parts keep this rank's own values.
    /// </summary>
    public void ReduceScatter(float* data, long count) => ReduceScatter(data, count, Share(count), null);

    /// <summary>The same for equal blocks, one a rank, with the sums elsewhere: the data keep their values.</summary>
    public void SumBlocks(float* blocks, float* sum, long each) => ReduceScatter(blocks, ranks * each, each, sum);

    void ReduceScatter(float* data, long count, long share, float* into)
    {
        if (ranks == 1 || count == 0) return;
        if (scratch == null)
            scratch = (float*)NativeMemory.AlignedAlloc((nuint)((long)Window * ranks * Segment * sizeof(float)), 4096);
        long segments = (share + Segment - 1) / Segment, low = Low(rank, share, count);
        var transfers = new Transfer[Window][];
        for (int i = 0; i < Window; i++) transfers[i] = new Transfer[2 * ranks];
        var terms = stackalloc float*[ranks];
        for (long segment = 0; segment < Math.Min(Window, segments); segment++) Start(segment);
        for (long segment = 0; segment < segments; segment++)
        {
            int slot = (int)(segment % Window);
            for (int i = 0; i < 2 * ranks; i++) transport.Wait(ref transfers[slot][i]);
            var (offset, n) = Place(rank, segment, share, count);
            for (int peer = 0; peer < ranks; peer++)
                terms[peer] = peer == rank ? data + offset : scratch + ((long)slot * ranks + peer) * Segment;
            if (n > 0) tree.Add(terms, into == null ? data + offset : into + (offset - low), n);
            if (segment + Window < segments) Start(segment + Window);
        }

        void Start(long segment)
        {
            int slot = (int)(segment % Window);
            for (int lag = 1; lag < ranks; lag++)
            {
                int from = (rank - lag + ranks) % ranks, to = (rank + lag) % ranks;
                var (_, incoming) = Place(rank, segment, share, count);
                var (offset, outgoing) = Place(to, segment, share, count);
                if (incoming > 0)
                    transfers[slot][from] = transport.Receive(scratch + ((long)slot * ranks + from) * Segment,
                    incoming * sizeof(float), from, Tag);
                if (outgoing > 0)
                    transfers[slot][ranks + to] = transport.Send(data + offset, outgoing * sizeof(float), to, Tag);
            }
        }
    }

    /// <summary>Copies every rank's part to all ranks.</summary>
    public void AllGather(float* data, long count) => AllGather(data, count, Share(count));

    /// <summary>The same for equal blocks, one a rank.</summary>
    public void GatherBlocks(float* blocks, long each) => AllGather(blocks, ranks * each, each);

    /// <summary>Sends block r to rank r, and receives its block of this rank's number.</summary>
    public void SwapBlocks(float* from, float* to, long each)
    {
        Buffer.MemoryCopy(from + rank * each, to + rank * each, each * sizeof(float), each * sizeof(float));
        var transfers = new Transfer[2 * ranks];
        for (long at = 0; at < each; at += Segment)
        {
            var bytes = (int)Math.Min(Segment, each - at) * sizeof(float);
            for (int lag = 1; lag < ranks; lag++)
            {
                int source = (rank - lag + ranks) % ranks, target = (rank + lag) % ranks;
                transfers[source] = transport.Receive(to + source * each + at, bytes, source, Tag);
                transfers[ranks + target] = transport.Send(from + target * each + at, bytes, target, Tag);
            }
            for (int i = 0; i < transfers.Length; i++) transport.Wait(ref transfers[i]);
        }
    }

    void AllGather(float* data, long count, long share)
    {
        if (ranks == 1 || count == 0) return;
        var transfers = new Transfer[2 * ranks];
        for (long segment = 0; segment < (share + Segment - 1) / Segment; segment++)
        {
            for (int lag = 1; lag < ranks; lag++)
            {
                int from = (rank - lag + ranks) % ranks, to = (rank + lag) % ranks;
                var (into, incoming) = Place(from, segment, share, count);
                var (offset, outgoing) = Place(rank, segment, share, count);
                if (incoming > 0) transfers[from] = transport.Receive(data + into, incoming * sizeof(float), from, Tag);
                if (outgoing > 0)
                    transfers[ranks + to] = transport.Send(data + offset, outgoing * sizeof(float), to, Tag);
            }
            for (int i = 0; i < transfers.Length; i++) transport.Wait(ref transfers[i]);
        }
    }

    public void Dispose()
    {
        tree.Dispose();
        NativeMemory.AlignedFree(scratch);
        scratch = null;
    }

    // The first rank's part is never smaller than another one.
    long Share(long count) => Part(0, ranks, count).High;

    static long Low(int owner, long share, long count) => Math.Min(count, owner * share);

    static (long Offset, int Count) Place(int owner, long segment, long share, long count)
    {
        long high = Low(owner + 1, share, count);
        long from = Math.Min(high, Low(owner, share, count) + segment * Segment);
        return (from, (int)Math.Min(Segment, high - from));
    }
}
