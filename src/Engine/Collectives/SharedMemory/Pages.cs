using System.Runtime.InteropServices;

namespace Interactive.Collectives;

/// <summary>Private memory whose pages can be given back to the system and counted.</summary>
internal static unsafe class Pages
{
    private const int DontNeed = 4, NoHugePages = 15;

    /// <summary>Bytes of a page.</summary>
    public static nuint Size { get; } = (nuint)Environment.SystemPageSize;

    /// <summary>Zeroed memory of which only pages that are written are taken, each by itself; for <see cref="NativeMemory.AlignedFree"/>.</summary>
    public static void* Allocate(nuint bytes)
    {
        var whole = (Math.Max(1, bytes) + Size - 1) / Size * Size;
        var memory = NativeMemory.AlignedAlloc(whole, Size);
        _ = madvise(memory, whole, NoHugePages); // a kernel without them refuses
        Discard(memory, whole);
        return memory;
    }

    /// <summary>Makes a range zero; its whole pages take no memory until they are written again.</summary>
    public static void Discard(void* start, nuint bytes)
    {
        nuint from = (nuint)start, to = from + bytes,
            low = Math.Min((from + Size - 1) / Size * Size, to), high = Math.Max(to / Size * Size, low);
        if (high == low || madvise((void*)low, high - low, DontNeed) != 0) low = high = to;
        NativeMemory.Clear((void*)from, low - from);
        NativeMemory.Clear((void*)high, to - high);
    }

    /// <summary>Bytes of the range's pages that are in memory now, or -1 where the system does not tell.</summary>
    public static long Resident(void* start, nuint bytes)
    {
        nuint from = (nuint)start / Size * Size, count = ((nuint)start + bytes - from + Size - 1) / Size;
        var pages = new byte[count];
        fixed (byte* each = pages)
            if (mincore((void*)from, count * Size, each) != 0) return -1;
        return pages.Count(page => (page & 1) != 0) * (long)Size;
    }

    [DllImport("libc")] private static extern int madvise(void* address, nuint length, int advice);
    [DllImport("libc")] private static extern int mincore(void* address, nuint length, byte* pages);
}
