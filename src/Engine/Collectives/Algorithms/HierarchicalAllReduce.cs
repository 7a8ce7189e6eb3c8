namespace Interactive.Collectives.Algorithms;

/// <summary>
/// Hosts with equally many ranks: every rank sums its slice over the ranks of its host through shared memory (canonical
/// order), all-reduces the slice with the ranks of the same number on the other hosts, so that the network carries it
/// once per host, and copies the result to its host's ranks.
/// </summary>
/// <param name="group">The ranks of this host.</param>
/// <param name="across">All-reduce among the ranks with this local number, one per host; owned.</param>
/// <param name="windowOf">The window that holds a range, or null.</param>
internal sealed unsafe class HierarchicalAllReduce(NodeGroup group, IAllReduce across,
    Func<nint, long, SharedWindow?> windowOf) : IAllReduce
{
    readonly TreeSum tree = new(group.Count);

    public string Name => "hierarchical";

    public void Run(float* buffer, long length, long start, long count)
    {
        if (windowOf((nint)(buffer + start), count * sizeof(float)) is { } window)
            InPlace(window, buffer, length, start, count);
        else Staged(buffer, length, start, count);
    }

    public void Dispose()
    {
        tree.Dispose();
        across.Dispose();
    }

    void InPlace(SharedWindow window, float* buffer, long length, long start, long count)
    {
        long offset = (byte*)(buffer + start) - window.Part(window.Mine);
        var (low, high) = WindowAllReduce.Slice(group.Mine, group.Count, count);
        var sources = stackalloc float*[group.Count];
        for (int rank = 0; rank < group.Count; rank++) sources[rank] = (float*)(window.Part(rank) + offset) + low;
        group.Barrier();
        tree.Add(sources, sources[group.Mine], high - low);
        across.Run(buffer, length, start + low, high - low);
        for (int rank = 0; rank < group.Count; rank++)
            if (rank != group.Mine)
                Buffer.MemoryCopy(sources[group.Mine], sources[rank], (high - low) * sizeof(float),
                (high - low) * sizeof(float));
        group.Barrier();
    }

    void Staged(float* buffer, long length, long start, long count)
    {
        var sources = stackalloc float*[group.Count];
        for (long at = 0; at < count; at += NodeGroup.Stage)
        {
            int half = group.NextHalf();
            int n = (int)Math.Min(NodeGroup.Stage, count - at);
            var data = buffer + start + at;
            new Span<float>(data, n).CopyTo(new Span<float>(group.Staging(group.Mine, half), n));
            group.Barrier();
            var (low, high) = WindowAllReduce.Slice(group.Mine, group.Count, n);
            for (int rank = 0; rank < group.Count; rank++) sources[rank] = group.Staging(rank, half) + low;
            tree.Add(sources, data + low, high - low);
            across.Run(buffer, length, start + at + low, high - low);
            new Span<float>(data + low,
                (int)(high - low)).CopyTo(new Span<float>(group.Staging(group.Mine, half) + low, (int)(high - low)));
            group.Barrier();
            for (int rank = 0; rank < group.Count; rank++)
            {
                (low, high) = WindowAllReduce.Slice(rank, group.Count, n);
                if (rank != group.Mine)
                    new Span<float>(group.Staging(rank, half) + low,
                    (int)(high - low)).CopyTo(new Span<float>(data + low, (int)(high - low)));
            }
        }
    }
}
