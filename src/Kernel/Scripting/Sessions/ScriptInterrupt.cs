using System.Runtime.CompilerServices;

namespace Interactive.Kernel.Scripting;

/// <summary>What compiled cells call to learn that they shall end. Not for use by hand.</summary>
public static class ScriptInterrupt
{
    // How many interrupted runs have not ended yet. Almost always zero, so a check is one load and one branch.
    internal static int Pending;

    /// <summary>Throws when the cell that this code runs for has been interrupted.</summary>
    /// <exception cref="OperationCanceledException">It has been.</exception>
    public static void Check()
    {
        if (Volatile.Read(ref Pending) != 0 && CellRun.IsCurrentInterrupted) throw Exception();
    }

    /// <summary>
    /// At the head of what may call itself: <see cref="Check"/>, and an exception in place of the end of the process
    /// where the stack is full.
    /// </summary>
    /// <exception cref="OperationCanceledException">The cell has been interrupted.</exception>
    /// <exception cref="InsufficientExecutionStackException">The stack is nearly full: the recursion has no
    /// end.</exception>
    public static void Enter()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Check();
    }

    /// <summary>
    /// <see cref="Enter"/> of what awaits, where the stack ends sooner: an exception that leaves through awaits is
    /// thrown anew in each of them, with all the frames before it, so that time grows with the square of the depth.
    /// </summary>
    /// <exception cref="OperationCanceledException">The cell has been interrupted.</exception>
    /// <exception cref="InsufficientExecutionStackException">The stack of awaits is as deep as a thread of the pool
    /// could bear.</exception>
    public static unsafe void EnterAsync()
    {
        byte here;
        if (stackTop != 0 && stackTop - (nint)(&here) > AwaitingStackBytes)
            throw new InsufficientExecutionStackException("methods that await call each other without end");
        Enter();
    }

    // As the pool's threads have it.
    private const int AwaitingStackBytes = 3 << 19;

    // Where the stack of a thread with a larger one begins; 0 on others.
    [ThreadStatic] private static nint stackTop;

    /// <summary>To be called where a thread with a larger stack begins.</summary>
    internal static unsafe void BeginStack()
    {
        byte here;
        stackTop = (nint)(&here);
    }

    /// <summary>
    /// True when the cell that this code runs for has been interrupted; throws as <see cref="Enter"/> does where the
    /// stack is full.
    /// </summary>
    public static bool IsRequested
    {
        get
        {
            RuntimeHelpers.EnsureSufficientExecutionStack();
            return Volatile.Read(ref Pending) != 0 && CellRun.IsCurrentInterrupted;
        }
    }

    /// <summary>What an interrupted cell throws.</summary>
    public static OperationCanceledException Exception() => new("interrupted");
}
