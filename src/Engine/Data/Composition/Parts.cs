namespace Interactive.Data;

/// <summary>Divides numbers of samples into two parts.</summary>
internal static class Parts
{
    /// <summary>At random.</summary>
    public static (int[] First, int[] Second) Random(int count, double share, ulong seed)
    {
        var order = new CounterRandom(seed, 0).Permutation(count);
        var first = (int)Math.Round(share * count);
        if (first <= 0 || first >= count)
            throw new UsageException($"a share of {share} of {count} samples leaves one part empty");
        return (order[..first], order[first..]);
    }

    /// <summary>At random within each class.</summary>
    public static (int[] First, int[] Second) ByClass(int[] classes, IReadOnlyList<string> names, double share,
        ulong seed)
    {
        if (share is not (> 0 and < 1)) throw new UsageException($"a share must be between 0 and 1, got {share}");
        var (first, second) = (new List<int>(), new List<int>());
        foreach (var group in new CounterRandom(seed, 0).Permutation(classes.Length).GroupBy(i => classes[i])
            .OrderBy(g => g.Key))
        {
            int[] members = [.. group];
            var kept = Math.Clamp((int)Math.Round(share * members.Length), 1, Math.Max(1, members.Length - 1));
            if (members.Length < 2) throw new UsageException($"class {(group.Key < names.Count ? $"'{names[group.Key]}'" : group.Key)} has 1 sample: a part would have none");
            first.AddRange(members[..kept]);
            second.AddRange(members[kept..]);
        }
        return ([.. first], [.. second]);
    }
}
