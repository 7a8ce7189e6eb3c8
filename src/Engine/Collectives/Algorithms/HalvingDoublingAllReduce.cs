using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Interactive.Collectives.Algorithms;

/// <summary>
/// Vector halving with distance doubling, then the way back (Rabenseifner, 2004): 2 log2 p rounds, the fewest bytes.
/// With the distance doubling in the first half, the sums follow the canonical tree (<see cref="TreeSum"/>). When p is
/// no power of two the first ranks fold in pairs before and unfold after.
/// </summary>
internal sealed unsafe class HalvingDoublingAllReduce(ITransport transport) : IAllReduce
{
    const int Tag = 3, Segment = 128 * 1024, Window = 4;
    float* scratch;

    public string Name => "halving-doubling";

    public void Run(float* buffer, long length, long start, long count)
    {
        int ranks = transport.Size, rank = transport.Rank;
        if (ranks == 1 || count == 0) return;
        int leaves = 1 << int.Log2(ranks), folded = ranks - leaves;
        if (scratch == null) scratch = (float*)NativeMemory.AlignedAlloc(Window * Segment * sizeof(float), 4096);

        bool leads = true;
        int leaf = rank - folded;
        if (rank < 2 * folded)
        {
            leads = rank % 2 == 1;
            leaf = rank / 2;
            if (leads) Exchange(null, 0, buffer + start, count, rank - 1, add: true);
            else Exchange(buffer + start, count, null, 0, rank + 1, add: true);
        }
        int Rank(int leaf) => leaf < folded ? 2 * leaf + 1 : leaf + folded;

        if (leads)
        {
            Span<(long Low, long High)> outer = stackalloc (long, long)[32];
            long low = start, high = start + count;
            int depth = 0;
            for (int distance = 1; distance < leaves; distance *= 2)
            {
                outer[depth++] = (low, high);
                long middle = low + (high - low) / 2;
                if ((leaf & distance) == 0)
                {
                    Exchange(buffer + middle, high - middle, buffer + low, middle - low, Rank(leaf ^ distance),
                        add: true);
                    high = middle;
                }
                else
                {
                    Exchange(buffer + low, middle - low, buffer + middle, high - middle, Rank(leaf ^ distance),
                        add: true);
                    low = middle;
                }
            }
            for (int distance = leaves / 2; distance >= 1; distance /= 2)
            {
                var (outerLow, outerHigh) = outer[--depth];
                if ((leaf & distance) == 0)
                    Exchange(buffer + low, high - low, buffer + high, outerHigh - high, Rank(leaf ^ distance),
                    add: false);
                else Exchange(buffer + low, high - low, buffer + outerLow, low - outerLow, Rank(leaf ^ distance),
                    add: false);
                (low, high) = (outerLow, outerHigh);
            }
        }

        if (rank < 2 * folded)
        {
            if (leads) Exchange(buffer + start, count, null, 0, rank - 1, add: false);
            else Exchange(null, 0, buffer + start, count, rank + 1, add: false);
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(scratch);
        scratch = null;
    }

    /// <summary>
    /// Sends to and receives from one peer in segments, adding what arrives to what is there or storing it.
    /// </summary>
    void Exchange(float* send, long sendCount, float* into, long intoCount, int peer, bool add)
    {
        long sends = (sendCount + Segment - 1) / Segment, receives = (intoCount + Segment - 1) / Segment;
        Span<Transfer> sending = new Transfer[Window], receiving = new Transfer[Window];
        for (long i = 0; i < Math.Min(Window, receives); i++) receiving[(int)i] = Receive(i);
        for (long i = 0; i < Math.Min(Window, sends); i++) sending[(int)i] = Send(i);
        for (long i = 0; i < Math.Max(sends, receives); i++)
        {
            int slot = (int)(i % Window);
            if (i < receives)
            {
                transport.Wait(ref receiving[slot]);
                if (add)
                {
                    var sum = new Span<float>(into + i * Segment, Length(i, intoCount));
                    TensorPrimitives.Add(sum, new ReadOnlySpan<float>(scratch + slot * Segment, sum.Length), sum);
                }
                if (i + Window < receives) receiving[slot] = Receive(i + Window);
            }
            if (i < sends)
            {
                transport.Wait(ref sending[slot]);
                if (i + Window < sends) sending[slot] = Send(i + Window);
            }
        }

        static int Length(long segment, long count) => (int)Math.Min(Segment, count - segment * Segment);
        Transfer Send(long i) => transport.Send(send + i * Segment, Length(i, sendCount) * sizeof(float), peer, Tag);
        Transfer Receive(long i) =>
            transport.Receive(add ? scratch + i % Window * Segment : into + i * Segment,
                Length(i, intoCount) * sizeof(float), peer, Tag);
    }
}
