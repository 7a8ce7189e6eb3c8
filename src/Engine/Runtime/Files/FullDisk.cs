namespace Interactive.Runtime;

/// <summary>
/// A disk that takes no more: full, over a quota, or read-only. What lies on it already is whole, and starting again helps only once
/// someone has made room.
/// </summary>
internal static class FullDisk
{
    /// <summary>Exit code of a process that such a disk ends: EX_IOERR of sysexits.h.</summary>
    public const int ExitCode = 74;

    private const int NoSpace = 28, ReadOnly = 30, OverQuota = 122; // ENOSPC, EROFS, EDQUOT of Linux

    /// <summary>True where it is the cause.</summary>
    public static bool IsIn(Exception e) => e.GetBaseException() is IOException { HResult: NoSpace or ReadOnly or OverQuota };

    /// <summary>One of a process that has ended with <see cref="ExitCode"/>.</summary>
    public static IOException Say(string message) => new(message, NoSpace);

    /// <summary>The same error with more to say.</summary>
    public static IOException Say(string message, Exception cause) => new(message, cause.GetBaseException());
}
