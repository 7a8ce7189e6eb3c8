namespace Interactive.Data;

/// <summary>Masks of 0 and 255 alone: 255 counts for no class, so nothing but the background would be trained.</summary>
internal static class BinaryMasks
{
    private const int Looked = 8, NoClass = 255;

    /// <summary>Looks at the first masks, as far as they leave it open.</summary>
    /// <param name="count">Masks there are.</param>
    /// <param name="valuesOf">A mask's values.</param>
    /// <param name="origin">What a message calls a mask.</param>
    /// <exception cref="UsageException">They hold 0 and 255 alone.</exception>
    public static void Refuse(int count, Func<int, byte[]> valuesOf, Func<int, string> origin)
    {
        int? marked = null;
        for (var i = 0; i < Math.Min(count, Looked); i++)
        {
            var values = valuesOf(i);
            if (values.AsSpan().ContainsAnyExcept((byte)0, (byte)NoClass)) return;
            if (marked is null && values.Contains((byte)NoClass)) marked = i;
        }
        if (marked is { } first) throw new UsageException($"{origin(first)}: its mask, and those of the other first samples, hold only 0 and {NoClass}, and {NoClass} counts for no class: save classes as 0, 1, 2, …");
    }
}
