namespace Interactive.Kernel.Hosting.Sweeps;

/// <summary>
/// What each trial of a sweep tries: a function of the seed and its number alone, so that a sweep can be cut and gone
/// on with.
/// </summary>
internal static class Trials
{
    /// <summary>All combinations, the last dimension changing fastest.</summary>
    /// <exception cref="UsageException">A dimension is a range.</exception>
    public static IReadOnlyList<IReadOnlyList<string>> Grid(IReadOnlyList<Dimension> dimensions)
    {
        if (dimensions.FirstOrDefault(d => d.Values.Count == 0) is { } range)
            throw new UsageException($"--search grid takes lists, and --set {range.Text} is a range");
        IEnumerable<IReadOnlyList<string>> all = [[]];
        foreach (var dimension in dimensions)
            all = all.SelectMany(before => dimension.Values.Select(value => (IReadOnlyList<string>)[.. before, value]))
            .ToList();
        return [.. all];
    }

    /// <summary>Drawn independently (Bergstra and Bengio, 2012).</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Random(IReadOnlyList<Dimension> dimensions, int count, int seed)
        => [.. Enumerable.Range(0, count).Select(trial =>
        {
            // its numbers are the same in every version of .NET
            var random = new Random(unchecked(seed * 1_000_003 + trial));
            return (IReadOnlyList<string>)[.. dimensions.Select(d => d.Draw(random))];
        })];
}
