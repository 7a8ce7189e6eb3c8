using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// Room for signals on threads that compute. .NET turns the signal of a null reference into its exception on a small stack of
/// the thread's own. A thread that has used a processor's matrix units (Intel AMX, which libtorch takes for bf16) has 8 KiB
/// more registers, which the system writes there first: they do not fit, and the process ends without a word. Such
/// threads get a larger one when they first ask for a tensor's memory.
/// </summary>
internal static unsafe class SignalStack
{
    private const ulong LeastSize = 51; // of the auxiliary vector: what the system writes, AT_MINSIGSTKSZ
    private const nuint Room = 32 << 10; // for .NET's handler
    private const nuint Ample = 8 << 10; // what .NET counts on

    private static readonly nuint least = OperatingSystem.IsLinux() ? getauxval(LeastSize) : 0;

    [ThreadStatic] private static bool isLarge;

    /// <summary>True where threads need it.</summary>
    public static bool IsNeeded { get; } = least > Ample;

    /// <summary>Gives the calling thread its own, once.</summary>
    public static void Enlarge()
    {
        if (!IsNeeded || isLarge) return;
        isLarge = true;
        const int Read = 1, Write = 2, PrivateAnonymous = 0x22, Disabled = 2;
        var page = (nuint)Environment.SystemPageSize;
        var size = (least + Room + 2 * page - 1) / page * page;
        var place = mmap(null, size, Read | Write, PrivateAnonymous, -1, 0);
        if ((nint)place == -1) return;
        mprotect(place, page, 0); // who runs over it is stopped, as on .NET's own
        // .NET unmaps what is set when the thread ends; the one before is unmapped here.
        Stack stack = new() { Start = place, Size = size }, before;
        if (sigaltstack(&stack, &before) != 0) munmap(place, size);
        else if ((before.Flags & Disabled) == 0) munmap(before.Start, before.Size);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Stack
    {
        public void* Start;
        public int Flags;
        public nuint Size;
    }

    [DllImport("libc")] private static extern nuint getauxval(ulong type);
    [DllImport("libc")] private static extern int sigaltstack(Stack* next, Stack* before);
    [DllImport("libc")] private static extern void* mmap(void* address, nuint bytes, int protection, int flags, int file, nint offset);
    [DllImport("libc")] private static extern int mprotect(void* address, nuint bytes, int protection);
    [DllImport("libc")] private static extern int munmap(void* address, nuint bytes);
}
