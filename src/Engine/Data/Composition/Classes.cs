namespace Interactive.Data;

/// <summary>The classes of samples, their sizes and weights against their imbalance.</summary>
public static class Classes
{
    /// <summary>Each sample's class, by its number.</summary>
    /// <exception cref="UsageException">One is not known.</exception>
    public static int[] Of<T>(IDataset<T> source) => Of(source.Count, source.ClassOf);

    /// <summary>The same of a source of batches.</summary>
    /// <exception cref="UsageException">One is not known.</exception>
    public static int[] Of(IBatchSource source) => Of(source.Count, source.ClassOf);

    /// <summary>Samples of each class.</summary>
    /// <param name="classes">Each sample's class.</param>
    /// <param name="least">Classes there are at least.</param>
    public static int[] Count(IReadOnlyList<int> classes, int least = 0)
    {
        var counts = new int[Math.Max(least, classes.Count == 0 ? 0 : classes.Max() + 1)];
        foreach (var one in classes) counts[one]++;
        return counts;
    }

    /// <summary>
    /// Weights for cross-entropy by which each class counts as much as another: samples / (classes x samples of the
    /// class), 0 for a class without any.
    /// </summary>
    /// <exception cref="UsageException">A sample's class is not known.</exception>
    public static float[] Weights<T>(IDataset<T> source) => Weights(Of(source), source.ClassNames.Count);

    /// <summary>The same of a source of batches.</summary>
    /// <exception cref="UsageException">A sample's class is not known.</exception>
    public static float[] Weights(IBatchSource source) => Weights(Of(source), source.ClassNames.Count);

    /// <summary>Compares the classes of data sets that are to be one: by the same number they mean the same.</summary>
    /// <exception cref="UsageException">Their names differ.</exception>
    internal static void RequireLike<T>(IReadOnlyList<IDataset<T>> parts)
    {
        foreach (var part in parts)
            if (!part.ClassNames.SequenceEqual(parts[0].ClassNames))
                throw new UsageException($"data sets of other classes do not go together: {string.Join(", ", parts[0].ClassNames)} and {string.Join(", ", part.ClassNames)}");
    }

    private static float[] Weights(int[] classes, int least)
    {
        var counts = Count(classes, least);
        return [.. counts.Select(c => c == 0 ? 0 : classes.Length / (float)counts.Length / c)];
    }

    private static int[] Of(int count, Func<int, int?> classOf)
    {
        var classes = new int[count];
        for (var i = 0; i < count; i++) classes[i] = classOf(i) is { } one ? one >= 0 ? one : throw new UsageException($"sample {i} has the class {one}: classes count from 0") : throw new UsageException($"sample {i} does not say its class: give Dataset.Of a classOf, or use a source that knows classes");
        return classes;
    }
}
