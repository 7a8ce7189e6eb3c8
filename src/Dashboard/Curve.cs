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
    public IEnumerable<(double X, float Y)> Between(Func<int, double> place, double from, double to, int columns)
    {
        // One point more at either side, so that lines leave the picture.
        var (begin, end) = (Math.Max(0, FirstAtLeast(from, place) - 1),
            Math.Min(Count, FirstAtLeast(Math.BitIncrement(to), place) + 1));
        if (end - begin <= 4 * columns)
        {
            for (var i = begin; i < end; i++) yield return (place(steps[i]), values[i]);
            yield break;
        }
        var (left, width) = (place(steps[begin]), (place(steps[end - 1]) - place(steps[begin])) / columns);
        for (int i = begin, next; i < end; i = next)
        {
            var column = (int)((place(steps[i]) - left) / width);
            for (next = i + 1; next < end && (int)((place(steps[next]) - left) / width) == column;) next++;
            foreach (var chosen in Outline(i, next)) yield return (place(steps[chosen]), values[chosen]);
        }
    }

    // First, least, greatest and last, in their order. What is no number is passed over unless it begins or ends the
    // column, or is all there is.
    private IEnumerable<int> Outline(int begin, int end)
    {
        var (least, greatest) = (begin, begin);
        for (var i = begin; i < end; i++)
        {
            if (float.IsNaN(values[least]) || values[i] < values[least]) least = i;
            if (float.IsNaN(values[greatest]) || values[i] > values[greatest]) greatest = i;
        }
        return new SortedSet<int> { begin, least, greatest, end - 1 };
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
