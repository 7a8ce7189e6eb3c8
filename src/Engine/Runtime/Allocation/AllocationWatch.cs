namespace Interactive.Runtime;

/// <summary>
/// Sees what one thread asks of libtorch's CPU allocator between <see cref="Begin"/> and <see cref="End"/>, and may
/// serve it. Other threads (data loading, finalisers) allocate as ever; what they free of ours is noticed. At most one
/// watches at a time.
/// </summary>
internal abstract unsafe class AllocationWatch
{
    private static readonly object Sync = new();
    private static readonly Dictionary<int, AllocationWatch> Watches = [];
    private static AllocationWatch? active;
    private static int lastId;

    private int id, thread;

    /// <summary>Starts to watch the calling thread.</summary>
    /// <exception cref="InvalidOperationException">Another one watches.</exception>
    public void Begin()
    {
        lock (Sync)
        {
            if (active is not null)
                throw new InvalidOperationException("a step inside a step: one allocation sequence at a time");
            if (id == 0) Watches[id = ++lastId] = this;
            thread = Environment.CurrentManagedThreadId;
            OnBegin();
            Volatile.Write(ref active, this);
        }
    }

    /// <summary>Stops to watch.</summary>
    public void End()
    {
        lock (Sync)
        {
            Volatile.Write(ref active, null);
            OnEnd();
        }
    }

    /// <summary>
    /// Takes an allocation: a block with room for the header, or null for malloc's; a tag to be handed back when it is
    /// freed, or 0.
    /// </summary>
    internal static byte* Take(nuint bytes, out long tag)
    {
        tag = 0;
        if (Volatile.Read(ref active) is null) return null;
        lock (Sync)
        {
            if (active is not { } watch || watch.thread != Environment.CurrentManagedThreadId) return null;
            var block = watch.OnAllocate((long)bytes, out var index);
            if (index >= 0) tag = (long)watch.id << 32 | (uint)index;
            return block;
        }
    }

    /// <summary>Takes back what has a tag; true when the memory is not malloc's.</summary>
    internal static bool Return(long tag)
    {
        lock (Sync) return Watches.TryGetValue((int)(tag >> 32), out var watch) && watch.OnFree((int)tag);
    }

    /// <summary>No block of this one is in use any more, or none is its own.</summary>
    protected void Forget()
    {
        lock (Sync) Watches.Remove(id);
    }

    protected abstract void OnBegin();
    protected abstract void OnEnd();
    protected abstract byte* OnAllocate(long bytes, out int index);
    protected abstract bool OnFree(int index);
}
