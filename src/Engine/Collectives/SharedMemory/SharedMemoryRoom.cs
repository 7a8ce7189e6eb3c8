using System.Runtime.InteropServices;

namespace Interactive.Collectives;

/// <summary>
/// The system gives shared memory that it may not have, and ends whoever writes to it: a container's 64 MiB are soon
/// full. Here it is asked before.
/// </summary>
internal static unsafe class SharedMemoryRoom
{
    private const string Folder = "/dev/shm";
    private const int PopulateForWriting = 23, BadAddress = 14, NoMemory = 12;

    /// <summary>Refuses what does not fit.</summary>
    /// <param name="bytes">For all ranks of this host together.</param>
    /// <param name="isFirst">True on the rank that speaks for them: the others wait, so that one line is told.</param>
    /// <exception cref="UsageException">There is less.</exception>
    public static void Require(long bytes, bool isFirst)
    {
        if (!Directory.Exists(Folder)) return; // MPI then keeps windows elsewhere
        var free = new DriveInfo(Folder).AvailableFreeSpace;
        if (bytes > free) Refuse($"{bytes >> 20} MiB are needed and {free >> 20} MiB are free", isFirst);
    }

    /// <summary>
    /// Has the system back a rank's own part with memory now, where it can be asked to (Linux 5.14): later there would
    /// be no answer but a signal.
    /// </summary>
    /// <exception cref="UsageException">It has none.</exception>
    public static void Take(void* start, long bytes)
    {
        if (bytes > 0 && madvise(start, (nuint)bytes, PopulateForWriting) != 0
            && Marshal.GetLastPInvokeError() is BadAddress or NoMemory)
            Refuse($"{bytes >> 20} MiB more are not there", isFirst: true);
    }

    private static void Refuse(string why, bool isFirst)
    {
        if (!isFirst) Thread.Sleep(TimeSpan.FromSeconds(2));
        throw new UsageException($"too little shared memory in {Folder}: {why}; enlarge it (docker run --shm-size=2g, or mount -o remount,size=2g {Folder})");
    }

    [DllImport("libc", SetLastError = true)] private static extern int madvise(void* address, nuint length, int advice);
}
