namespace Interactive.Data;

/// <summary>Divides files into a part to train on and a part to evaluate on.</summary>
internal static class PictureSplit
{
    /// <summary>The two parts, in random order.</summary>
    /// <exception cref="UsageException">A part would be empty.</exception>
    public static (T[] Train, T[] Valid) Of<T>(IReadOnlyList<T> files, double validation, ulong seed)
    {
        var kept = files.Count - (int)Math.Round(validation * files.Count);
        if (kept <= 0 || kept >= files.Count) throw new UsageException($"a share of {validation} of {files.Count} pictures for validation leaves one part empty");
        var order = new CounterRandom(seed, 0).Permutation(files.Count);
        return ([.. order[..kept].Select(i => files[i])], [.. order[kept..].Select(i => files[i])]);
    }
}
