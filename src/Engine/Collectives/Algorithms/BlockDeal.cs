namespace Interactive.Collectives.Algorithms;

/// <summary>
/// Deals the blocks of a buffer to the ranks in turn, by their place in the whole buffer, so that the owner of an
/// element does not depend on the range that is reduced. A round is one block of every rank.
/// </summary>
internal readonly struct BlockDeal
{
    readonly int ranks;
    readonly long start, end, firstRound;

    /// <summary>
    /// The blocks of [start, start + count), count at least 1, of a buffer of <paramref name="length"/> floats.
    /// </summary>
    public BlockDeal(long length, int ranks, long start, long count)
    {
        this.ranks = ranks;
        (this.start, end) = (start, start + count);
        Length = BlockLength(length, ranks);
        firstRound = start / Length / ranks;
        Rounds = (end - 1) / Length / ranks - firstRound + 1;
    }

    /// <summary>Floats of a block.</summary>
    public int Length { get; }

    /// <summary>Rounds that the range touches.</summary>
    public long Rounds { get; }

    /// <summary>The part of an owner's block in a round that lies in the range; may be empty.</summary>
    public (long Offset, int Count) this[int owner, long round]
    {
        get
        {
            long from = ((firstRound + round) * ranks + owner) * Length;
            long low = Math.Max(start, from), high = Math.Min(end, from + Length);
            return (low, (int)Math.Max(0, high - low));
        }
    }

    /// <summary>The next length of which all ranks have equally many blocks, all of them full.</summary>
    public static long Even(long length, int ranks)
    {
        long share = (length + ranks - 1) / ranks;
        long unit = share <= Least ? 16 : share <= 8 * Least ? Least : share <= 8 * Most ? 8 * 16 : Most;
        return (share + unit - 1) / unit * unit * ranks;
    }

    const int Least = 1024, Most = 64 * 1024;

    /// <summary>
    /// An eighth of a rank's share of the buffer, 1 Ki to 64 Ki floats (4 to 256 KiB); less when the buffer is small.
    /// </summary>
    static int BlockLength(long length, int ranks) =>
        (int)Math.Clamp((length / (8L * ranks) + 15) & ~15L,
            Math.Min(Least, Math.Max(16, (length / ranks + 15) & ~15L)), Most);
}
