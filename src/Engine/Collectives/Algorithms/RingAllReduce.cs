using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Interactive.Collectives.Algorithms;

/// <summary>
/// Segmented pipelined ring: a reduce-scatter in which every block travels once round the ring and is summed on the
/// way, then an all-gather that copies the sums, so all ranks hold the same bits (Patarasuk and Yuan, 2009). Each rank
/// sends 2 (p - 1) / p of the data. Blocks are dealt to the ranks in turn by their place in the whole buffer, so the
/// order of summation of an element does not depend on the range that is reduced.
/// </summary>
internal sealed unsafe class RingAllReduce(ITransport transport) : IAllReduce
{
    // Where ranks outnumber cores a rank may sleep for tens of milliseconds: 32 blocks of 256 KiB keep a 1 Gbit/s link
    // busy for 67 of them.
    const int Tag = 1, Window = 32;
    float* scratch;
    long scratchBlock;

    public string Name => "ring";

    public void Run(float* buffer, long length, long start, long count)
    {
        if (transport.Size == 1 || count == 0) return;
        int ranks = transport.Size, rank = transport.Rank, next = (rank + 1) % ranks,
            previous = (rank + ranks - 1) % ranks;
        var blocks = new BlockDeal(length, ranks, start, count);
        Reserve(blocks.Length);
        long rounds = blocks.Rounds;
        int window = (int)Math.Min(Window, rounds);
        long half = (ranks - 1) * rounds, steps = 2 * half, sent = 0, sendsDone = 0, posted = 0;
        Span<Transfer> sends = new Transfer[window], receives = new Transfer[window];

        // A step moves the block of one owner in one round; steps run owner by owner, rounds inside.
        int Owner(long step, int lag) => (int)(((rank - lag - step) % ranks + ranks) % ranks);

        for (; posted < window; posted++) receives[(int)posted] = Receive(posted, sends, ref sendsDone);
        for (; sent < window; sent++) sends[(int)sent] = Send(sent);
        for (long step = 0; step < steps; step++)
        {
            int slot = (int)(step % window);
            transport.Wait(ref receives[slot]);
            if (step < half)
            {
                var (offset, n) = blocks[Owner(step / rounds, 1), step % rounds];
                var sum = new Span<float>(buffer + offset, n);
                TensorPrimitives.Add(sum, new ReadOnlySpan<float>(scratch + slot * scratchBlock, n), sum);
            }
            if (sent < steps)
            {
                WaitForSends(sent - window, sends, ref sendsDone);
                sends[(int)(sent % window)] = Send(sent);
                sent++;
            }
            if (posted < steps)
            {
                receives[(int)(posted % window)] = Receive(posted, sends, ref sendsDone);
                posted++;
            }
        }
        WaitForSends(steps - 1, sends, ref sendsDone);

        Transfer Receive(long step, Span<Transfer> sends, ref long sendsDone)
        {
            if (step < half)
            {
                var (_, n) = blocks[Owner(step / rounds, 1), step % rounds];
                return n == 0 ? default
                    : transport.Receive(scratch + step % window * scratchBlock, n * sizeof(float), previous, Tag);
            }
            // The sum overwrites a block that this rank sent on in the first half.
            WaitForSends(step - half, sends, ref sendsDone);
            var (offset, count) = blocks[Owner((step - half) / rounds, 0), step % rounds];
            return count == 0 ? default : transport.Receive(buffer + offset, count * sizeof(float), previous, Tag);
        }

        Transfer Send(long step)
        {
            var (offset, n) = step < half
                ? blocks[Owner(step / rounds, 0), step % rounds]
                : blocks[Owner((step - half) / rounds, -1), step % rounds];
            return n == 0 ? default : transport.Send(buffer + offset, n * sizeof(float), next, Tag);
        }

        void WaitForSends(long last, Span<Transfer> sends, ref long sendsDone)
        {
            for (; sendsDone <= last; sendsDone++) transport.Wait(ref sends[(int)(sendsDone % window)]);
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(scratch);
        scratch = null;
        scratchBlock = 0;
    }

    void Reserve(int block)
    {
        if (block <= scratchBlock) return;
        Dispose();
        scratch = (float*)NativeMemory.AlignedAlloc((nuint)(Window * (long)block * sizeof(float)), 4096);
        scratchBlock = block;
    }
}
