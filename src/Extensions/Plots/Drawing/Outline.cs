using System.Numerics;

namespace Interactive.Extensions.Plots;

/// <summary>
/// What is seen of a long line: of each part the first point, the least, the greatest and the last, in their order. A
/// page with every step of a long run would be hundreds of megabytes.
/// </summary>
internal static class Outline
{
    private const int Parts = 1000, Each = 4;

    /// <summary>The points of a line to draw, a thousand parts of it; all of them where they are few.</summary>
    public static (double[] X, double[] Y) Of(double[] x, double[] y)
    {
        var count = Math.Min(x.Length, y.Length);
        if (count <= Each * Parts) return (x, y);
        var (outlineX, outlineY) = (new List<double>(Each * Parts), new List<double>(Each * Parts));
        Span<int> room = stackalloc int[Each];
        for (var part = 0; part < Parts; part++)
            foreach (var i in Of<double>(y, (int)((long)count * part / Parts), (int)((long)count * (part + 1) / Parts), room))
            {
                outlineX.Add(x[i]);
                outlineY.Add(y[i]);
            }
        return ([.. outlineX], [.. outlineY]);
    }

    /// <summary>
    /// The places of one part's points. What is no number is passed over unless it begins or ends the part, or is all
    /// there is.
    /// </summary>
    /// <param name="values">Of the whole line.</param>
    /// <param name="begin">The part's first place.</param>
    /// <param name="end">Behind its last one.</param>
    /// <param name="room">For four places.</param>
    public static ReadOnlySpan<int> Of<T>(ReadOnlySpan<T> values, int begin, int end, Span<int> room) where T : IFloatingPoint<T>
    {
        var (least, greatest) = (begin, begin);
        for (var i = begin; i < end; i++)
        {
            if (T.IsNaN(values[least]) || values[i] < values[least]) least = i;
            if (T.IsNaN(values[greatest]) || values[i] > values[greatest]) greatest = i;
        }
        var count = 0;
        foreach (var i in (ReadOnlySpan<int>)[begin, Math.Min(least, greatest), Math.Max(least, greatest), end - 1])
            if (count == 0 || i != room[count - 1]) room[count++] = i;
        return room[..count];
    }
}
