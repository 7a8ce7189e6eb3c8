namespace Interactive.Data;

/// <summary>
/// A permutation of 0 to count - 1 that is computed place by place, without a table: four rounds of a Feistel network
/// over the next even number of bits, walked on until the number is in range (Black and Rogaway 2002).
/// </summary>
internal readonly struct IndexPermutation
{
    private readonly int count, half;
    private readonly ulong key;

    public IndexPermutation(int count, ulong seed, ulong stream)
    {
        (this.count, key) = (count, new CounterRandom(seed, stream).Next());
        half = 1;
        while (1L << (2 * half) < count) half++;
    }

    public int this[int index]
    {
        get
        {
            var at = (ulong)index;
            do at = Round(at); while (at >= (ulong)count);
            return (int)at;
        }
    }

    private ulong Round(ulong at)
    {
        var mask = (1UL << half) - 1;
        var (left, right) = (at >> half, at & mask);
        for (var round = 0UL; round < 4; round++)
            (left, right) = (right, left ^ new CounterRandom(key + round, right).Next() & mask);
        return left << half | right;
    }
}
