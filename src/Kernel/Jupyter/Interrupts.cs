using System.Runtime.InteropServices;

namespace Interactive.Kernel.Jupyter;

/// <summary>
/// What a shell starts in the background, and all that it starts, ignores Ctrl-C, and the runtime leaves that as it is.
/// A client interrupts by the same signal: a kernel is to hear it.
/// </summary>
internal static unsafe class Interrupts
{
    private const int Interrupt = 2, Room = 256; // of a struct sigaction, which begins with the handler
    private const nint Default = 0, Ignored = 1;

    /// <summary>
    /// To be called before the runtime looks at signals, which it does with the first process or use of the console.
    /// </summary>
    public static void Hear()
    {
        var action = stackalloc nint[Room / sizeof(nint)];
        if (sigaction(Interrupt, 0, action) == 0 && action[0] == Ignored) signal(Interrupt, Default);
    }

    [DllImport("libc")] private static extern int sigaction(int number, nint action, nint* old);
    [DllImport("libc")] private static extern nint signal(int number, nint handler);
}
