using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Interactive.Data;

/// <summary>Makes items on a background thread, a few ahead of the one being used. Order is kept; errors surface at their item.</summary>
public static class Prefetch
{
    /// <summary>Enumerates <paramref name="items"/> with at most <paramref name="ahead"/> made in advance; what is made and not taken is disposed.</summary>
    public static IEnumerable<T> Ahead<T>(IEnumerable<T> items, int ahead = 2) where T : IDisposable
    {
        using var queue = new BlockingCollection<T>(ahead);
        using var stop = new CancellationTokenSource();
        ExceptionDispatchInfo? error = null;
        var thread = new Thread(() =>
        {
            T? waiting = default;
            try
            {
                foreach (var item in items)
                {
                    waiting = item;
                    queue.Add(item, stop.Token);
                    waiting = default;
                }
            }
            catch (OperationCanceledException) { waiting?.Dispose(); }
            catch (Exception e) { error = ExceptionDispatchInfo.Capture(e); }
            finally { queue.CompleteAdding(); }
        })
        { IsBackground = true, Name = "prefetch" };
        thread.Start();
        try
        {
            foreach (var item in queue.GetConsumingEnumerable()) yield return item;
            error?.Throw();
        }
        finally
        {
            stop.Cancel();
            thread.Join();
            while (queue.TryTake(out var left)) left.Dispose();
        }
    }
}
