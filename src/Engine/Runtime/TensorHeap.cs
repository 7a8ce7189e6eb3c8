using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// The memory of big tensors: addresses reserved once, in which huge pages come as they are touched, stay for the next tensor, and go
/// back when more of them would be there than the most that was ever in use and a sixteenth. malloc promises no such thing: its
/// heap grew to three times of what a step's tensors take, for it never finds a place again that an aligned block has left
/// (glibc before 2.38), and mapping each block anew costs its page faults in every step.
/// </summary>
internal sealed unsafe class TensorHeap
{
    /// <summary>Smaller blocks are malloc's.</summary>
    public const uint Least = 256 << 10;
    private const long Chunk = 2 << 20; // a huge page
    private const int Slack = 16;

    private readonly Lock gate = new();
    private readonly byte* memory;
    private readonly long bytes;
    private readonly FreeExtents extents;
    private readonly long limit; // what the machine or the memory cgroup leaves besides what the process held at first
    private long live, most;

    private TensorHeap(byte* memory, long bytes)
    {
        this.memory = memory;
        this.bytes = bytes;
        extents = new FreeExtents(bytes, Chunk);
        limit = MachineMemory.LimitBytes - MachineMemory.ResidentBytes;
    }

    /// <summary>Reserves addresses for four times of the machine's memory, none of which is there yet; null where that is not allowed.</summary>
    public static TensorHeap? TryReserve()
    {
        var wanted = Math.Max(4 * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, 64L << 30) / Chunk * Chunk;
        var address = mmap(null, (nuint)(wanted + Chunk), ReadWrite, PrivateAnonymousNoReserve, -1, 0);
        if ((nint)address == -1) return null;
        var begin = (byte*)(((nint)address + Chunk - 1) & ~(nint)(Chunk - 1));
        NativeHeap.InHugePages(begin, (nuint)wanted);
        return new TensorHeap(begin, wanted);
    }

    /// <summary>Bytes of memory that the heap holds, in use or not.</summary>
    public long ResidentBytes { get { lock (gate) return extents.Present; } }

    /// <summary>Bytes of memory that the heap holds without use.</summary>
    public long IdleBytes { get { lock (gate) return Math.Max(0, extents.Present - live); } }

    /// <summary>A block of <paramref name="size"/> bytes, a multiple of its alignment of 64; null where there is not so much memory, or the addresses are used up.</summary>
    public byte* Take(long size)
    {
        lock (gate)
        {
            if (size > limit - live) return null; // the kernel would give the addresses, and kill the process later
            var at = extents.Take(size);
            if (at < 0) return null;
            live += size;
            most = Math.Max(most, live);
            while (extents.Present > most + most / Slack + Chunk && extents.Drop() is >= 0 and var idle)
                _ = madvise(memory + idle * Chunk, (nuint)Chunk, DontNeed);
            return memory + at;
        }
    }

    /// <summary>True for a block of this heap.</summary>
    public bool Owns(void* block) => (byte*)block >= memory && (byte*)block < memory + bytes;

    /// <summary>Takes a block back.</summary>
    public void Give(void* block, long size)
    {
        lock (gate)
        {
            live -= size;
            extents.Give((byte*)block - memory, size);
        }
    }

    private const int ReadWrite = 3, PrivateAnonymousNoReserve = 0x4022, DontNeed = 4;
    [DllImport("libc")] private static extern void* mmap(void* address, nuint length, int protection, int flags, int file, nint offset);
    [DllImport("libc")] private static extern int madvise(void* address, nuint length, int advice);
}
