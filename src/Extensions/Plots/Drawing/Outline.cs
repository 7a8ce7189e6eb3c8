namespace Interactive.Extensions.Plots;

/// <summary>
/// What is seen of a long line: of each of a thousand parts the first point, the least, the greatest and the last, in
/// their order. A page with every step of a long run would be hundreds of megabytes.
/// </summary>
internal static class Outline
{
    private const int Parts = 1000;

    /// <summary>The points to draw; all of them where they are few.</summary>
    public static (double[] X, double[] Y) Of(double[] x, double[] y)
    {
        var count = Math.Min(x.Length, y.Length);
        if (count <= 4 * Parts) return (x, y);
        var (outlineX, outlineY) = (new List<double>(4 * Parts), new List<double>(4 * Parts));
        for (var part = 0; part < Parts; part++)
        {
            var (begin, end) = ((int)((long)count * part / Parts), (int)((long)count * (part + 1) / Parts));
            var (least, greatest) = (begin, begin);
            for (var i = begin; i < end; i++)
            {
                if (double.IsNaN(y[least]) || y[i] < y[least]) least = i;
                if (double.IsNaN(y[greatest]) || y[i] > y[greatest]) greatest = i;
            }
            foreach (var i in new SortedSet<int> { begin, least, greatest, end - 1 })
            {
                outlineX.Add(x[i]);
                outlineY.Add(y[i]);
            }
        }
        return ([.. outlineX], [.. outlineY]);
    }
}
