namespace Interactive.Kernel.Jupyter;

/// <summary>
/// Lets the thread pool grow at once where all its threads wait. Cells share the pool with the kernel, and by itself it gets about a
/// thread a second: after a cell with 200 tasks that wait, the kernel would not answer for minutes.
/// </summary>
internal static class PoolRelief
{
    private const int More = 32, Most = 4096;

    private static readonly TimeSpan every = TimeSpan.FromSeconds(0.5), busy = TimeSpan.FromSeconds(0.1);

    public static void Start() => new Thread(Watch) { IsBackground = true, Name = "pool relief" }.Start();

    // Threads that compute need no others beside them: only where nothing was done, with work to do and an idle processor.
    private static void Watch()
    {
        ThreadPool.GetMinThreads(out var usual, out var completion);
        var least = usual;
        var (done, spent) = (ThreadPool.CompletedWorkItemCount, Environment.CpuUsage.TotalTime);
        while (true)
        {
            Thread.Sleep(every);
            var (doneNow, spentNow, waiting) = (ThreadPool.CompletedWorkItemCount, Environment.CpuUsage.TotalTime, ThreadPool.PendingWorkItemCount);
            var wanted = waiting == 0 ? usual : doneNow == done && spentNow - spent < busy ? Math.Min(Most, Math.Max(least, ThreadPool.ThreadCount) + More) : least;
            if (wanted != least) ThreadPool.SetMinThreads(least = wanted, completion);
            (done, spent) = (doneNow, spentNow);
        }
    }
}
