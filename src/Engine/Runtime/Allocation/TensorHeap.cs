using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// The memory of big tensors: addresses reserved once, in which huge pages come as they are touched, stay for the next
/// tensor, and go back when more of them would be there than the most that was ever in use and a sixteenth. malloc
/// promises no such thing: its heap grew to three times of what a step's tensors take, for it never finds a place again
/// that an aligned block has left (glibc before 2.38), and mapping each block anew costs its page faults in every step.
/// </summary>
internal sealed unsafe class TensorHeap
{
    /// <summary>Smaller blocks are malloc's.</summary>
    public const uint Least = 256 << 10;
    private const long Chunk = 2 << 20; // a huge page
    private const int Slack = 16;
    private const long Growth = 16 << 20; // of what the process holds besides, until it is asked again

    private readonly Lock gate = new();
    private readonly byte* memory;
    private readonly long bytes;
    private readonly FreeExtents extents;
    private readonly long all; // what the machine or the memory cgroup has
    private long live, most;
    private long besides; // the most bytes of the process besides this heap that were seen
    private long granted; // so much may be there unasked

    private TensorHeap(byte* memory, long bytes)
    {
        this.memory = memory;
        this.bytes = bytes;
        extents = new FreeExtents(bytes, Chunk);
        (all, besides) = (MachineMemory.LimitBytes, MachineMemory.ResidentBytes);
        granted = (all - besides) / 4 * 3;
    }

    /// <summary>
    /// Reserves addresses for four times of the machine's memory, none of which is there yet; null where that is not
    /// allowed.
    /// </summary>
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

    /// <summary>
    /// A block of <paramref name="size"/> bytes, a multiple of its alignment of 64; null where there is not so much
    /// memory, or the addresses are used up.
    /// </summary>
    public byte* Take(long size)
    {
        lock (gate)
        {
            // the kernel would give the addresses, and kill the process later
            if (size > all - besides - live) return null;
            var before = extents.Present;
            var at = extents.Take(size);
            if (at < 0) return null;
            if (!Fits(before))
            {
                extents.Give(at, size);
                return null;
            }
            live += size;
            most = Math.Max(most, live);
            Shrink(most + most / Slack + Chunk);
            return memory + at;
        }
    }

    // Near the limit, and with more there than ever before, it counts what the rest of the process has come to hold.
    private bool Fits(long before)
    {
        if (extents.Present <= granted) return true;
        besides = Math.Max(besides, MachineMemory.ResidentBytes - before);
        var room = all - besides - Growth;
        Shrink(room);
        if (extents.Present > room) return false;
        granted = extents.Present;
        return true;
    }

    private void Shrink(long target)
    {
        while (extents.Present > target && extents.Drop() is >= 0 and var idle)
            _ = madvise(memory + idle * Chunk, (nuint)Chunk, DontNeed);
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
    [DllImport("libc")]
    private static extern void* mmap(void* address, nuint length, int protection, int flags,
        int file, nint offset);
    [DllImport("libc")] private static extern int madvise(void* address, nuint length, int advice);
}
