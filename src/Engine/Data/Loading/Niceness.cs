using System.Runtime.InteropServices;

namespace Interactive.Data;

/// <summary>
/// Lets this thread give way to others: .NET's thread priorities do nothing on Linux, where a thread has a nice value
/// of its own.
/// </summary>
internal static partial class Niceness
{
    private const int Process = 0, Steps = 5;

    /// <summary>Lowers this thread's priority for good.</summary>
    public static void GiveWay()
    {
        if (OperatingSystem.IsLinux()) _ = SetPriority(Process, ThreadId(), Steps);
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int value);

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadId();
}
