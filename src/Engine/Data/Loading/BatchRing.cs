using System.Runtime.ExceptionServices;

namespace Interactive.Data;

/// <summary>Batches that are being read and wait to be used, and the next samples to read. The work is dealt out in order.</summary>
internal sealed class BatchRing(IBatchSource source, IEnumerable<int[]> batches, int? epoch, ulong seed, Func<Batch, int[], Batch>? arrange, int ahead) : IDisposable
{
    private const int LongestRun = 16;

    private sealed class Item(int[] samples, IBatchDraft? draft)
    {
        public readonly int[] Samples = samples;
        public readonly IBatchDraft? Draft = draft; // null: read whole
        public int Dealt, Written;
        public Batch? Ready;
        public (int Slot, ExceptionDispatchInfo Error)? Failure;
        public bool IsDone;
    }

    private readonly object door = new();
    private readonly IEnumerator<int[]> order = batches.GetEnumerator();
    private readonly Queue<Item> items = new();
    private Item? filling;
    private bool isStopped, isExhausted;

    /// <summary>Works until there is nothing left to read.</summary>
    /// <param name="workers">Threads that share the work.</param>
    public void Work(int workers)
    {
        while (Deal(workers) is { } dealt)
        {
            var (item, first, count) = dealt;
            try
            {
                if (item.Draft is null) item.Ready = Arranged(item, SampleError.Read(source, item.Samples, epoch, seed));
                else for (var slot = first; slot < first + count; slot++) Write(item, slot);
            }
            catch (Exception e) { Fail(item, first, e); }
            Complete(item, count);
        }
    }

    private void Write(Item item, int slot)
    {
        try { item.Draft!.Write(slot, item.Samples[slot]); }
        catch (Exception e) { Fail(item, slot, e); }
    }

    // The first failing place's error is told, whichever thread was first: the message is the same in every run.
    private void Fail(Item item, int slot, Exception error)
    {
        lock (door)
        {
            if (item.Failure is not { } other || other.Slot > slot) item.Failure = (slot, ExceptionDispatchInfo.Capture(error));
            isExhausted = true; // whoever meets the error reads no further
        }
    }

    // A run of samples, or with no draft the whole batch; null when all is dealt.
    private (Item Item, int First, int Count)? Deal(int workers)
    {
        lock (door)
            while (true)
            {
                if (isStopped) return null;
                if (filling is { } current)
                {
                    var left = current.Samples.Length - current.Dealt;
                    var count = current.Draft is null ? left : Math.Min(left, Math.Clamp(current.Samples.Length / (4 * workers), 1, LongestRun));
                    var first = current.Dealt;
                    current.Dealt += count;
                    if (current.Dealt == current.Samples.Length) filling = null;
                    return (current, first, count);
                }
                if (isExhausted) return null;
                if (items.Count == ahead) Monitor.Wait(door);
                else Open();
            }
    }

    private void Open()
    {
        try
        {
            if (!order.MoveNext())
            {
                isExhausted = true;
                Monitor.PulseAll(door);
                return;
            }
            filling = new Item(order.Current, source.Begin(order.Current.Length, epoch, seed));
            items.Enqueue(filling);
        }
        catch (Exception e)
        {
            items.Enqueue(new Item([], null) { Failure = (0, ExceptionDispatchInfo.Capture(e)), IsDone = true });
            isExhausted = true;
            Monitor.PulseAll(door);
        }
    }

    private void Complete(Item item, int count)
    {
        lock (door)
        {
            item.Written += count;
            if (item.Written < item.Samples.Length) return;
        }
        // No other thread touches the batch now: it is made outside the lock.
        try { if (item.Draft is not null && item.Failure is null) item.Ready = Arranged(item, item.Draft.Finish()); }
        catch (Exception e) { Fail(item, 0, e); }
        item.Draft?.Dispose();
        lock (door)
        {
            item.IsDone = true;
            Monitor.PulseAll(door);
        }
    }

    private Batch Arranged(Item item, Batch batch) => arrange is null ? batch : arrange(batch, item.Samples);

    /// <summary>The next batch in order, waited for; null after the last.</summary>
    public Batch? Take()
    {
        lock (door)
        {
            while (items.Count == 0 ? !isExhausted : !items.Peek().IsDone) Monitor.Wait(door);
            if (!items.TryDequeue(out var item)) return null;
            Monitor.PulseAll(door);
            if (item.Failure is not { } failure)
            {
                item.Ready!.RequireAlive();
                return item.Ready;
            }
            item.Ready?.Dispose();
            isStopped = true;
            failure.Error.Throw();
            return null;
        }
    }

    /// <summary>Lets the threads end.</summary>
    public void Stop()
    {
        lock (door)
        {
            isStopped = true;
            Monitor.PulseAll(door);
        }
    }

    /// <summary>Disposes what was not taken; the threads have ended.</summary>
    public void Dispose()
    {
        foreach (var item in items)
        {
            item.Ready?.Dispose();
            if (!item.IsDone) item.Draft?.Dispose();
        }
        order.Dispose();
    }
}
