namespace Interactive.Kernel.Scripting;

/// <summary>
/// One run of one cell, with everything it has started: it flows with the cell's code over awaits, tasks and threads,
/// and knows which threads run that code at this moment, so that an interrupt wakes those that wait.
/// </summary>
internal sealed class CellRun
{
    // How long what an interrupted run has left in the background is looked for.
    private static readonly TimeSpan grace = TimeSpan.FromSeconds(10);

    private static readonly AsyncLocal<CellRun?> current = new(Switch);

    private readonly List<Thread> threads = [];
    private readonly TaskCompletionSource interruption = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool interrupted, ended;
    private int gate, holders = 1;

    public static bool IsCurrentInterrupted => current.Value is { interrupted: true };

    public bool IsInterrupted => Volatile.Read(ref interrupted);

    /// <summary>Completes when the run is interrupted.</summary>
    public Task Interruption => interruption.Task;

    /// <summary>
    /// Runs the synchronous part of the cell on this thread. The run lasts until <see cref="Release"/> is called for
    /// it.
    /// </summary>
    public Task<object?> Start(Func<object?[], Task<object?>> factory, object?[] slots)
    {
        Interlocked.Increment(ref holders);
        current.Value = this;
        try { return factory(slots); }
        catch (Exception e) { return Task.FromException<object?>(e); }
        finally { current.Value = null; }
    }

    /// <summary>
    /// Makes checks throw in this run's code and wakes its threads from waits. Once is enough; after the end it does
    /// nothing.
    /// </summary>
    public void Interrupt()
    {
        Enter();
        try
        {
            if (ended) return;
            if (!interrupted)
            {
                interrupted = true;
                Interlocked.Increment(ref ScriptInterrupt.Pending);
            }
            foreach (var thread in threads) thread.Interrupt();
        }
        finally { Exit(); }
        interruption.TrySetResult();
    }

    /// <summary>
    /// One of the run's tasks, or the run itself, has completed: after the last one checks need not look for it any
    /// more.
    /// </summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref holders) > 0) return;
        Enter();
        ended = true;
        var pending = interrupted;
        Exit();
        if (pending)
            _ = Task.Delay(grace).ContinueWith(_ => Interlocked.Decrement(ref ScriptInterrupt.Pending),
            TaskScheduler.Default);
    }

    private static void Switch(AsyncLocalValueChangedArgs<CellRun?> change)
    {
        change.PreviousValue?.Leave(Thread.CurrentThread);
        change.CurrentValue?.Join(Thread.CurrentThread);
    }

    private void Join(Thread thread)
    {
        Enter();
        threads.Add(thread);
        Exit();
    }

    private void Leave(Thread thread)
    {
        Enter();
        threads.Remove(thread);
        var mayBePending = interrupted;
        Exit();
        if (!mayBePending) return;
        // An interrupt that found no wait is still pending on the thread, which now goes on to do something else.
        try { Thread.Sleep(0); }
        catch (ThreadInterruptedException) { }
    }

    // A monitor would wait interruptibly, and an exception in Switch ends the process. What is guarded takes
    // microseconds.
    private void Enter()
    {
        while (Interlocked.Exchange(ref gate, 1) != 0) Thread.Yield();
    }

    private void Exit() => Volatile.Write(ref gate, 0);
}
