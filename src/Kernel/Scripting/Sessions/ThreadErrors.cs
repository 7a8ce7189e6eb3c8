using System.Runtime.ExceptionServices;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// What threads throw that nobody waits for: in a program it ends the process, in a session only the thread.
/// </summary>
internal static class ThreadErrors
{
    private static volatile Action<Exception>? handler;
    private static int registered;

    /// <summary>
    /// From now on such exceptions are told, and the process goes on. The latest handler counts; null ends the process
    /// again.
    /// </summary>
    public static void Handle(Action<Exception>? told)
    {
        handler = told;
        if (told is null || Interlocked.Exchange(ref registered, 1) != 0) return;
        ExceptionHandling.SetUnhandledExceptionHandler(e =>
        {
            if (handler is not { } tell) return false;
            tell(e);
            return true;
        });
    }
}
