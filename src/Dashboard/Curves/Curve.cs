using System.Runtime.InteropServices;
using Interactive.Extensions.Plots;

namespace Interactive.Dashboard;

/// <summary>
/// One measured value over the steps of a run, as it was written. Asked for a window, it answers with the first, the
/// least, the greatest and the last value of each of so many columns of pixels: a spike of one step in a million stays
/// visible.
/// </summary>
internal sealed class Curve
{
    private readonly List<int> steps = [];
    private readonly List<float> values = [];

    public int Count => steps.Count;

    public int LastStep => steps.Count == 0 ? 0 : steps[^1];

    public float Last => values.Count == 0 ? float.NaN : values[^1];

    public float Greatest => values.Count == 0 ? float.NaN : values.Max();

    public float Median() => values.Count == 0 ? float.NaN : values.Order().ElementAt(values.Count / 2);

    public void Add(int step, float value)
    {
        steps.Add(step);
        values.Add(value);
    }

    /// <summary>The points between two places on the axis.</summary>
    /// <param name="place">Where a step lies on the axis: its number, its seconds, its samples. Grows with the
    /// step.</param>
    /// <param name="from">The left end.</param>
    /// <param name="to">The right end.</param>
    /// <param name="columns">Columns of pixels.</param>
    public List<(double X, float Y)> Between(Func<int, double> place, double from, double to, int columns)
    {
        // One point more at either side, so that lines leave the picture.
        var (begin, end) = (Math.Max(0, FirstAtLeast(from, place) - 1),
            Math.Min(Count, FirstAtLeast(Math.BitIncrement(to), place) + 1));
        var points = new List<(double X, float Y)>(Math.Clamp(end - begin, 0, 4 * columns + 4));
        if (end - begin <= 4 * columns)
        {
            for (var i = begin; i < end; i++) points.Add((place(steps[i]), values[i]));
            return points;
        }
        var (left, width) = (place(steps[begin]), (place(steps[end - 1]) - place(steps[begin])) / columns);
        Span<int> room = stackalloc int[4];
        int Column(int i) => (int)((place(steps[i]) - left) / width);
        for (int i = begin, next; i < end; i = next)
        {
            var column = Column(i);
            next = i + 1;
            for (var (low, high) = (i + 1, end); low < high; next = low) // the first of a later column
                if (Column((low + high) / 2) <= column) low = (low + high) / 2 + 1;
                else high = (low + high) / 2;
            foreach (var at in Outline.Of<float>(CollectionsMarshal.AsSpan(values), i, next, room)) points.Add((place(steps[at]), values[at]));
        }
        return points;
    }

    private int FirstAtLeast(double x, Func<int, double> place)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (place(steps[middle]) < x) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
