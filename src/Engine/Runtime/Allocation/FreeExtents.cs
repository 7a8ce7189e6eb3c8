namespace Interactive.Runtime;

/// <summary>
/// The free stretches of a range of addresses, side by side ones joined, and in which of its chunks (the pages of
/// memory that come and go together) there is memory at all. A taken stretch lies where the fewest chunks have to come,
/// then in the tightest gap, then lowest.
/// </summary>
/// <param name="bytes">Size of the range, a multiple of <paramref name="chunk"/>.</param>
/// <param name="chunk">Bytes of a chunk.</param>
internal sealed class FreeExtents(long bytes, long chunk)
{
    private readonly List<(long Begin, long End)> free = [(0, bytes)]; // by address
    private readonly int[] users = new int[bytes / chunk];             // stretches in use that touch a chunk
    private readonly bool[] present = new bool[bytes / chunk];
    private int used;                                                  // chunks from here on have never been touched

    /// <summary>Bytes of the chunks that are there.</summary>
    public long Present { get; private set; }

    /// <summary>Takes a stretch; its first byte, or -1 where none is left. Its chunks count as there.</summary>
    public long Take(long size)
    {
        var (best, missing, room) = (-1, int.MaxValue, long.MaxValue);
        for (var i = 0; i < free.Count; i++)
        {
            var length = free[i].End - free[i].Begin;
            if (length < size) continue;
            var come = Missing(free[i].Begin, size);
            if (come < missing || come == missing && length < room) (best, missing, room) = (i, come, length);
        }
        if (best < 0) return -1;
        var begin = free[best].Begin;
        if (room == size) free.RemoveAt(best);
        else free[best] = (begin + size, free[best].End);
        for (var c = begin / chunk; c <= (begin + size - 1) / chunk; c++)
        {
            users[c]++;
            if (!present[c]) Present += chunk;
            present[c] = true;
            used = Math.Max(used, (int)c + 1);
        }
        return begin;
    }

    /// <summary>Gives a taken stretch back. Its chunks stay there until <see cref="Drop"/> takes them.</summary>
    public void Give(long begin, long size)
    {
        for (var c = begin / chunk; c <= (begin + size - 1) / chunk; c++) users[c]--;
        int low = 0, high = free.Count; // the first gap behind it
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (free[middle].Begin < begin) low = middle + 1;
            else high = middle;
        }
        var end = begin + size;
        if (low < free.Count && free[low].Begin == end)
        {
            end = free[low].End;
            free.RemoveAt(low);
        }
        if (low > 0 && free[low - 1].End == begin) free[low - 1] = (free[low - 1].Begin, end);
        else free.Insert(low, (begin, end));
    }

    /// <summary>Lets go the highest chunk that is there without use: its number, or -1 where all are in use.</summary>
    public long Drop()
    {
        for (var c = used - 1; c >= 0; c--)
            if (present[c] && users[c] == 0)
            {
                present[c] = false;
                Present -= chunk;
                return c;
            }
        return -1;
    }

    private int Missing(long begin, long size)
    {
        var count = 0;
        for (var c = begin / chunk; c <= (begin + size - 1) / chunk; c++) if (!present[c]) count++;
        return count;
    }
}
