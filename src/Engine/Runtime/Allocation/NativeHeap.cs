using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// The C library's heap, in which libtorch lives: kept rather than given back, and its beginning in huge pages.
/// </summary>
internal static unsafe class NativeHeap
{
    private const int TrimThreshold = -1, Never = -1, MmapThreshold = -3, HugePage = 2 << 20, AdviseHugePages = 14;

    /// <summary>
    /// Keeps freed memory. Big blocks would otherwise be mapped and unmapped every step, and each page faulted in anew.
    /// </summary>
    public static void Keep()
    {
        mallopt(MmapThreshold, 1 << 30);
        mallopt(TrimThreshold, Never); // a number would be 2 GiB at most, which a deep net frees at every step
    }

    /// <summary>
    /// Lets the next bytes of the heap come in huge pages. libtorch registers its operators in tens of megabytes of
    /// small blocks as it is loaded; where page faults are dear, as on virtual machines, they are much of the time that
    /// loading takes. On a thread with a heap of its own (any but the first, mostly) it does nothing.
    /// </summary>
    public static void ReserveHugePages(nuint bytes)
    {
        // Untouched, so that only the heap's top moves; freed, it stays the heap's and keeps the advice.
        var block = (byte*)malloc(bytes);
        if (block == null) return;
        InHugePages(block, bytes);
        free(block);
    }

    /// <summary>
    /// Lets what of a block is still untouched come in huge pages, whole ones within it. A step goes through gigabytes,
    /// and with small pages its time depends on which ones a process happens to get.
    /// </summary>
    public static void InHugePages(void* block, nuint bytes)
    {
        var begin = ((nuint)block + HugePage - 1) & ~(nuint)(HugePage - 1);
        var end = ((nuint)block + bytes) & ~(nuint)(HugePage - 1);
        // advice alone: nothing is lost where it is not taken
        if (end > begin) _ = madvise((void*)begin, end - begin, AdviseHugePages);
    }

    [DllImport("libc")] private static extern int mallopt(int parameter, int value);
    [DllImport("libc")] private static extern void* malloc(nuint bytes);
    [DllImport("libc")] private static extern void free(void* block);
    [DllImport("libc")] private static extern int madvise(void* address, nuint length, int advice);
}
