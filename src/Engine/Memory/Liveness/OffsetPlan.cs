namespace Interactive.Memory.Liveness;

/// <summary>Places of buffers in one block of memory.</summary>
/// <param name="Offsets">Where each buffer begins, in bytes.</param>
/// <param name="Bytes">Size of the block.</param>
/// <param name="LowerBound">The most bytes in use at one step: no placement needs less.</param>
public sealed record OffsetPlan(IReadOnlyList<long> Offsets, long Bytes, long LowerBound)
{
    /// <summary>
    /// Greedy by size, best fit: the biggest buffers first, each into the smallest gap between those already placed
    /// that are in use at the same time, else on top of them. The same by size times length of life, and the better of
    /// the two. (The problem, dynamic storage allocation, is NP-hard.)
    /// </summary>
    /// <param name="buffers">What is to be placed.</param>
    /// <param name="alignment">Sizes are rounded up to a multiple of this many bytes; 64 suits a CPU's cache
    /// lines.</param>
    public static OffsetPlan Assign(IReadOnlyList<Buffer> buffers, int alignment = 64)
    {
        var rounded = buffers.Select(b => b with { Bytes = (b.Bytes + alignment - 1) / alignment * alignment })
            .ToArray();
        var bound = MostInUse(rounded);
        var (offsets, bytes) = Place(rounded, b => b.Bytes);
        if (bytes > bound && Place(rounded, b => b.Bytes * (b.Last - b.First + 1)) is var other && other.Bytes < bytes)
            (offsets, bytes) = other;
        return new(offsets, bytes, bound);
    }

    private static (long[] Offsets, long Bytes) Place(Buffer[] rounded, Func<Buffer, long> weight)
    {
        var offsets = new long[rounded.Length];
        var placed = new List<int>(); // by offset
        long top = 0;
        foreach (var i in Enumerable.Range(0, rounded.Length).OrderByDescending(i => weight(rounded[i]))
            .ThenBy(i => rounded[i].First))
        {
            var (end, gap) = (0L, long.MaxValue);
            long? fit = null;
            foreach (var other in placed)
            {
                if (!rounded[other].Overlaps(rounded[i])) continue;
                if (offsets[other] - end is var free && free >= rounded[i].Bytes && free < gap)
                    (fit, gap) = (end, free);
                end = Math.Max(end, offsets[other] + rounded[other].Bytes);
            }
            offsets[i] = fit ?? end;
            top = Math.Max(top, offsets[i] + rounded[i].Bytes);
            var at = placed.FindIndex(other => offsets[other] > offsets[i]);
            placed.Insert(at < 0 ? placed.Count : at, i);
        }
        return (offsets, top);
    }

    private static long MostInUse(IReadOnlyList<Buffer> buffers)
    {
        var changes = new SortedDictionary<int, long>();
        foreach (var b in buffers)
        {
            changes[b.First] = changes.GetValueOrDefault(b.First) + b.Bytes;
            changes[b.Last + 1] = changes.GetValueOrDefault(b.Last + 1) - b.Bytes;
        }
        long live = 0, most = 0;
        foreach (var change in changes.Values) most = Math.Max(most, live += change);
        return most;
    }
}
