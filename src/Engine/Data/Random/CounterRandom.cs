namespace Interactive.Data;

/// <summary>
/// Random numbers as a pure function of (seed, stream, counter): SplitMix64's finaliser (Steele et al. 2014) over a
/// mixed key. The same on every machine and in every version: samplers and augmentations rest on it.
/// </summary>
public struct CounterRandom(ulong seed, ulong stream)
{
    private readonly ulong key = Mix(seed + 0x9E3779B97F4A7C15UL * (stream + 1));
    private ulong counter;

    /// <summary>The next 64 random bits.</summary>
    public ulong Next() => Mix(key + 0x9E3779B97F4A7C15UL * ++counter);

    /// <summary>A number from 0 to <paramref name="bound"/> - 1 without bias (Lemire 2019).</summary>
    public int Next(int bound)
    {
        while (true)
        {
            var high = Math.BigMul(Next(), (ulong)bound, out var low);
            if (low >= (ulong)bound || low >= (0 - (ulong)bound) % (ulong)bound) return (int)high;
        }
    }

    /// <summary>A number in [0, 1).</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A permutation of 0 to <paramref name="count"/> - 1 (Fisher and Yates).</summary>
    public int[] Permutation(int count)
    {
        var order = new int[count];
        for (var i = 0; i < count; i++) order[i] = i;
        for (var i = count - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
