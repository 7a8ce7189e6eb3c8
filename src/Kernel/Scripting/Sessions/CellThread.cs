using System.Collections.Concurrent;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// The one thread on which a session's cells start. What a thread owns (a dispose scope, the gradient mode) thus lasts
/// from cell to cell.
/// </summary>
internal sealed class CellThread : IDisposable
{
    private const int StackBytes = 16 << 20;
    private readonly BlockingCollection<Action> work = [];

    public CellThread() => new Thread(Loop, StackBytes) { IsBackground = true, Name = "cells" }.Start();

    /// <summary>Runs a function on the thread, with the caller's execution context.</summary>
    public Task<T> Run<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var context = ExecutionContext.Capture()!;
        work.Add(() => ExecutionContext.Run(context, _ =>
        {
            try { done.SetResult(function()); }
            catch (Exception e) { done.SetException(e); }
        }, null));
        return done.Task;
    }

    public void Dispose() => work.CompleteAdding();

    private void Loop()
    {
        ScriptInterrupt.BeginStack();
        foreach (var action in work.GetConsumingEnumerable()) action();
    }
}
