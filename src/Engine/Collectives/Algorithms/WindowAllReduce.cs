namespace Interactive.Collectives.Algorithms;

/// <summary>
/// All ranks on one host: each reduces its slice of everyone's data where it lies, in the canonical order, without
/// messages. Data in a shared window is reduced in place; other data goes through the staging area in pieces. All ranks
/// must have passed a barrier of the group since they wrote their data.
/// </summary>
internal sealed unsafe class WindowAllReduce(NodeGroup group, Func<nint, long, SharedWindow?> windowOf) : IAllReduce
{
    readonly TreeSum tree = new(group.Count);
    int offered;

    public string Name => "window";

    /// <summary>
    /// Whether so few floats are better summed by every rank for itself, which saves a barrier, than once by one of
    /// them. The bits are the same.
    /// </summary>
    public bool IsSmall(long count) => count * group.Count <= 16 * 1024;

    /// <summary>Shows few values to the others, before the barrier that precedes <see cref="SumOffered"/>.</summary>
    public void Offer(float* data, long count)
    {
        offered = group.NextHalf();
        new Span<float>(data, (int)count).CopyTo(new Span<float>(group.Staging(group.Mine, offered), (int)count));
    }

    /// <summary>Sums what all ranks have offered.</summary>
    public void SumOffered(float* data, long count)
    {
        var sources = stackalloc float*[group.Count];
        for (int rank = 0; rank < group.Count; rank++) sources[rank] = group.Staging(rank, offered);
        tree.Add(sources, data, count);
    }

    public void Run(float* buffer, long length, long start, long count)
    {
        if (group.Count == 1 || count == 0) return;
        if (windowOf((nint)(buffer + start), count * sizeof(float)) is { } window)
            InPlace(window, (byte*)(buffer + start) - window.Part(window.Mine), count);
        else Staged(buffer + start, count);
    }

    /// <summary>This rank's slice of a range: [low, high).</summary>
    public static (long Low, long High) Slice(int rank, int ranks, long count)
    {
        long share = ((count + ranks - 1) / ranks + 15) & ~15L;
        return (Math.Min(count, rank * share), Math.Min(count, (rank + 1) * share));
    }

    public void Dispose() => tree.Dispose();

    void InPlace(SharedWindow window, long offset, long count)
    {
        var (low, high) = Slice(group.Mine, group.Count, count);
        var sources = stackalloc float*[group.Count];
        if (SumInPlace.Takes(group.Count))
        {
            long whole = (high - low) / SumInPlace.Step * SumInPlace.Step;
            for (int rank = 0; rank < group.Count; rank++) sources[rank] = (float*)(window.Part(rank) + offset) + low;
            SumInPlace.Add(sources, group.Count, whole);
            low += whole;
        }
        // Block by block, so that the copies to the others come from the cache.
        for (long at = low; at < high; at += TreeSum.Block)
        {
            long n = Math.Min(TreeSum.Block, high - at);
            for (int rank = 0; rank < group.Count; rank++) sources[rank] = (float*)(window.Part(rank) + offset) + at;
            var sum = sources[group.Mine];
            tree.Add(sources, sum, n);
            for (int rank = 0; rank < group.Count; rank++)
                if (rank != group.Mine) new Span<float>(sum, (int)n).CopyTo(new Span<float>(sources[rank], (int)n));
        }
        group.Barrier();
    }

    void Staged(float* data, long count)
    {
        var sources = stackalloc float*[group.Count];
        for (long at = 0; at < count; at += NodeGroup.Stage)
        {
            int half = group.NextHalf();
            int n = (int)Math.Min(NodeGroup.Stage, count - at);
            new Span<float>(data + at, n).CopyTo(new Span<float>(group.Staging(group.Mine, half), n));
            group.Barrier();
            var (low, high) = Slice(group.Mine, group.Count, n);
            for (int rank = 0; rank < group.Count; rank++) sources[rank] = group.Staging(rank, half) + low;
            tree.Add(sources, group.Staging(group.Mine, half) + low, high - low);
            group.Barrier();
            for (int rank = 0; rank < group.Count; rank++)
            {
                (low, high) = Slice(rank, group.Count, n);
                new Span<float>(group.Staging(rank, half) + low,
                    (int)(high - low)).CopyTo(new Span<float>(data + at + low, (int)(high - low)));
            }
        }
    }
}
