using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Collectives.Algorithms;

namespace Interactive.Engine.Tests.Collectives;

/// <summary>
/// More elements than an int can count. The buffer is a few MiB of memory that appear again and again at 8 GiB of
/// addresses, and the other ranks are not there: what is sent from where, and received where, does not depend on
/// values.
/// </summary>
public sealed unsafe class LargeCountTests
{
    const long Count = (1L << 31) + 12_345;

    [Theory]
    [InlineData("ring")]
    [InlineData("halving-doubling")]
    [InlineData("direct")]
    public void Every_element_beyond_two_to_the_31_is_summed_and_returned_once(string algorithm)
    {
        const long Bytes = Count * sizeof(float);
        using var memory = new RepeatedMemory(Bytes);
        using var transport = new Noting(memory);
        Run(algorithm, transport, memory.Data);
        // the least for two ranks: one's terms of the other's half, then the sums of its own
        Assert.Equal(Bytes, transport.Sent);
        Assert.Equal(Bytes, transport.Received);
        Assert.Equal(Bytes, transport.End);
        long last = 0;
        foreach (var (offset, bytes) in transport.Returned.Order())
        {
            Assert.True(offset >= last, $"the bytes at {offset} are received twice");
            last = offset + bytes;
        }
        Assert.InRange(transport.Returned.Sum(r => r.Bytes), Bytes / 2 - (1 << 20), Bytes / 2 + (1 << 20));
    }

    static void Run(string algorithm, ITransport transport, float* data)
    {
        if (algorithm == "direct")
        {
            using var direct = new DirectExchange(transport);
            direct.ReduceScatter(data, Count);
            direct.AllGather(data, Count);
            return;
        }
        using IAllReduce sum = algorithm == "ring" ? new RingAllReduce(transport)
            : new HalvingDoublingAllReduce(transport);
        sum.Run(data, Count, 0, Count);
    }

    /// <summary>
    /// The second of two ranks, without the first: notes what it sends, and where in the buffer it receives.
    /// </summary>
    sealed class Noting(RepeatedMemory memory) : ITransport
    {
        public long Sent { get; private set; }
        public long Received { get; private set; }
        public long End { get; private set; }
        public List<(long Offset, long Bytes)> Returned { get; } = [];
        public int Rank => 1;
        public int Size => 2;
        public string Host => "host";

        public Transfer Send(void* data, int bytes, int peer, int tag)
        {
            Assert.InRange(memory.OffsetOf(data), 0, Count * sizeof(float) - bytes);
            Sent += bytes;
            End = Math.Max(End, memory.OffsetOf(data) + bytes);
            return default;
        }

        public Transfer Receive(void* data, int bytes, int peer, int tag)
        {
            Received += bytes;
            var offset = memory.OffsetOf(data);
            if (offset < 0 || offset >= Count * sizeof(float)) return default; // into scratch, to be added
            Returned.Add((offset, bytes));
            End = Math.Max(End, offset + bytes);
            return default;
        }

        public void Wait(ref Transfer transfer) { }
        public bool Test(ref Transfer transfer) => true;
        public ITransport Duplicate() => throw new NotSupportedException();
        public void Abort(int exitCode) => throw new NotSupportedException();
        public void Dispose() { }
    }

    /// <summary>Many addresses, little memory.</summary>
    sealed class RepeatedMemory : IDisposable
    {
        const long Piece = 8 << 20;
        const int ReadWrite = 3, None = 0, Shared = 1, Private = 2, Fixed = 0x10, Anonymous = 0x20, NoReserve = 0x4000;
        readonly nint start;
        readonly long length;

        public RepeatedMemory(long bytes)
        {
            length = (bytes + Piece - 1) / Piece * Piece;
            int file = memfd_create("repeated", 0);
            Assert.True(file >= 0 && ftruncate(file, Piece) == 0);
            start = mmap(0, (nuint)length, None, Private | Anonymous | NoReserve, -1, 0);
            Assert.NotEqual(-1, start);
            for (long at = 0; at < length; at += Piece)
                Assert.Equal(start + (nint)at,
                    mmap(start + (nint)at, (nuint)Piece, ReadWrite, Shared | Fixed, file, 0));
            close(file);
        }

        public float* Data => (float*)start;
        public long OffsetOf(void* data) => (nint)data - start;
        public void Dispose() => munmap(start, (nuint)length);

        [DllImport("libc")] static extern int memfd_create(string name, uint flags);
        [DllImport("libc")] static extern int ftruncate(int file, long length);
        [DllImport("libc")]
        static extern nint mmap(nint address, nuint length, int protection, int flags, int file,
            long offset);
        [DllImport("libc")] static extern int munmap(nint address, nuint length);
        [DllImport("libc")] static extern int close(int file);
    }
}
