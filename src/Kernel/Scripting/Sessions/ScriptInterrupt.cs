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

    /// <summary>At the head of what may call itself: <see cref="Check"/>, and an exception in place of the end of the process where the stack is full.</summary>
    /// <exception cref="OperationCanceledException">The cell has been interrupted.</exception>
    /// <exception cref="InsufficientExecutionStackException">The stack is nearly full: the recursion has no end.</exception>
    public static void Enter()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Check();
    }

    /// <summary>True when the cell that this code runs for has been interrupted; throws as <see cref="Enter"/> does where the stack is full.</summary>
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
