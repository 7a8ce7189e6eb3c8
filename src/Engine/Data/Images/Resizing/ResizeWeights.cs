using System.Collections.Concurrent;

namespace Interactive.Data;

/// <summary>
/// Which pixels of a row or column make each pixel of the result, and with what weights: Pillow's triangle filter in 22
/// bits of fixed point. Weights are kept per (length, result), as most pictures of a set come again.
/// </summary>
internal sealed class ResizeWeights
{
    /// <summary>Bits behind the point of a weight.</summary>
    public const int Bits = 22;

    private const int MostKept = 256;
    private static readonly ConcurrentDictionary<(int, int), ResizeWeights> kept = [];

    private ResizeWeights(int from, int to)
    {
        (Firsts, Counts) = (new int[to], new int[to]);
        var scale = (double)from / to;
        var support = Math.Max(scale, 1);
        Width = ((int)Math.Ceiling(support) * 2 + 1 + 3) / 4 * 4;
        Weights = new int[to * Width];
        var weights = new double[Width];
        for (var x = 0; x < to; x++)
        {
            var centre = (x + 0.5) * scale;
            var first = Math.Max(0, (int)(centre - support + 0.5));
            var count = Math.Min(from, (int)(centre + support + 0.5)) - first;
            var sum = 0.0;
            for (var i = 0; i < count; i++)
                sum += weights[i] = Math.Max(0, 1 - Math.Abs((i + first - centre + 0.5) * (1 / support)));
            for (var i = 0; i < count; i++)
                Weights[x * Width + i] = (int)(0.5 + (sum != 0 ? weights[i] / sum : weights[i]) * (1 << Bits));
            (Firsts[x], Counts[x]) = (first, count);
        }
    }

    /// <summary>The first pixel of each.</summary>
    public int[] Firsts { get; }
    /// <summary>How many pixels make each.</summary>
    public int[] Counts { get; }
    /// <summary>Places for weights of each, a multiple of 4; those that are not used are 0.</summary>
    public int Width { get; }
    /// <summary>The weights, <see cref="Width"/> for each.</summary>
    public int[] Weights { get; }

    public static ResizeWeights Of(int from, int to)
    {
        if (kept.TryGetValue((from, to), out var known)) return known;
        var made = new ResizeWeights(from, to);
        if (kept.Count < MostKept) kept.TryAdd((from, to), made);
        return made;
    }
}
