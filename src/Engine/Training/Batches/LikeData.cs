using Interactive.Data;

namespace Interactive.Training;

/// <summary>Training and evaluation data that mean the same by the same numbers.</summary>
internal static class LikeData
{
    /// <exception cref="UsageException">Their classes have other numbers, or their numbers other scales.</exception>
    public static void Require(IBatchSource train, IBatchSource test)
    {
        var (classes, others) = (train.ClassNames, test.ClassNames);
        if (classes.Count > 0 && !classes.Take(others.Count).SequenceEqual(others))
            throw new UsageException($"the training set's classes are {Text(classes)}, the evaluation set's {Text(others)}: a class would be evaluated as another; make both of one set (SplitByClass), or give the second the first one's classes (FromFolder(folder, train.ClassNames), TableDataset.Like)");
        if (train.Normalisation is { } scale && test.Normalisation is { } other
            && !(Same(scale.Mean, other.Mean) && Same(scale.Deviation, other.Deviation)))
            throw new UsageException($"the training set's pictures are normalised by mean {Numbers(scale.Mean)} and deviation {Numbers(scale.Deviation)}, the evaluation set's by {Numbers(other.Mean)} and {Numbers(other.Deviation)}: give both the same Normalize");
        if (train is TableDataset table && test is TableDataset rows && !rows.IsLike(table))
            throw new UsageException("the evaluation table has categories or a standardisation of its own: make it of the training table, by Split or Like(path)");
    }

    // One number for all channels is the same as that number for each.
    private static bool Same(IReadOnlyList<float> some, IReadOnlyList<float> others)
        => Enumerable.Range(0, Math.Max(some.Count, others.Count)).All(i => some[i % some.Count] == others[i % others.Count]);

    private static string Text(IReadOnlyList<string> names)
        => $"{string.Join(", ", names.Take(8))}{(names.Count > 8 ? $", … ({names.Count})" : "")}";

    private static string Numbers(IReadOnlyList<float> numbers)
        => string.Join('/', numbers.Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)));
}
