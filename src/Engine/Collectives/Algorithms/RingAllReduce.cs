using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Interactive.Collectives.Algorithms;

/// <summary>
/// Segmented pipelined ring: a reduce-scatter in which every block travels once round the ring and is summed on the way,
/// then an all-gather that copies the sums, so all ranks hold the same bits (Patarasuk and Yuan, 2009). Each rank sends
/// 2 (p - 1) / p of the data. Blocks are dealt to the ranks in turn by their place in the whole buffer, so the order of
/// summation of an element does not depend on the range that is reduced.
/// </summary>
internal sealed unsafe class RingAllReduce(ITransport transport) : IDisposable
{
    const int Tag = 1, Window = 4;
    float* scratch;
    long scratchBlock;

    /// <summary>Floats of one block in a buffer of <paramref name="length"/> floats: an eighth of a rank's share, 1 Ki to 128 Ki.</summary>
    public static int BlockLength(long length, int ranks) =>
        (int)Math.Clamp((length / (8L * ranks) + 15) & ~15L, Math.Min(1024, Math.Max(16, (length / ranks + 15) & ~15L)), 128 * 1024);

    /// <summary>Sums the range [start, start + count) of <paramref name="buffer"/> (of <paramref name="length"/> floats) over all ranks.</summary>
    public void Run(float* buffer, long length, long start, long count)
    {
        if (transport.Size == 1 || count == 0) return;
        int ranks = transport.Size, rank = transport.Rank, next = (rank + 1) % ranks, previous = (rank + ranks - 1) % ranks;
        int block = BlockLength(length, ranks);
        Reserve(block);
        long firstRound = start / block / ranks, rounds = (start + count - 1) / block / ranks - firstRound + 1;
        int window = (int)Math.Min(Window, rounds);
        long half = (ranks - 1) * rounds, steps = 2 * half, sent = 0, sendsDone = 0, posted = 0;
        Span<Transfer> sends = new Transfer[window], receives = new Transfer[window];

        // A step moves the block of one owner in one round; steps run owner by owner, rounds inside.
        (long Offset, int Count) Block(int owner, long round)
        {
            long from = ((firstRound + round) * ranks + owner) * block;
            long low = Math.Max(start, from), high = Math.Min(start + count, from + block);
            return (low, (int)Math.Max(0, high - low));
        }
        int Owner(long step, int lag) => (int)(((rank - lag - step) % ranks + ranks) % ranks);

        for (; posted < window; posted++) receives[(int)posted] = Receive(posted, sends, ref sendsDone);
        for (; sent < window; sent++) sends[(int)sent] = Send(sent);
        for (long step = 0; step < steps; step++)
        {
            int slot = (int)(step % window);
            transport.Wait(ref receives[slot]);
            if (step < half)
            {
                var (offset, n) = Block(Owner(step / rounds, 1), step % rounds);
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
                var (_, n) = Block(Owner(step / rounds, 1), step % rounds);
                return n == 0 ? default : transport.Receive(scratch + step % window * scratchBlock, n * sizeof(float), previous, Tag);
            }
            // The sum overwrites a block that this rank sent on in the first half.
            WaitForSends(step - half, sends, ref sendsDone);
            var (offset, count) = Block(Owner((step - half) / rounds, 0), step % rounds);
            return count == 0 ? default : transport.Receive(buffer + offset, count * sizeof(float), previous, Tag);
        }

        Transfer Send(long step)
        {
            var (offset, n) = step < half
                ? Block(Owner(step / rounds, 0), step % rounds)
                : Block(Owner((step - half) / rounds, -1), step % rounds);
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
