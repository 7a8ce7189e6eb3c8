namespace Interactive.Graphs;

/// <summary>
/// The size of a tensor along one dimension, which may follow the batch: <c>PerSample x batch + Fixed</c>.
/// </summary>
/// <param name="PerSample">How much each sample adds; 0 for a size that does not follow the batch.</param>
/// <param name="Fixed">The rest.</param>
public readonly record struct Extent(long PerSample, long Fixed)
{
    /// <summary>As many as there are samples.</summary>
    public static Extent Batch => new(1, 0);

    /// <summary>A size that does not follow the batch.</summary>
    public static implicit operator Extent(long size) => new(0, size);

    /// <summary>The size for a batch.</summary>
    public long At(long batch) => PerSample * batch + Fixed;

    /// <summary>The samples in a batch for which the size is <paramref name="size"/>.</summary>
    /// <exception cref="UsageException">There is no such whole number.</exception>
    public long BatchFor(long size)
        => PerSample != 0 && (size - Fixed) % PerSample == 0 ? (size - Fixed) / PerSample
        : throw new UsageException($"a size of {this} cannot be {size}");

    /// <summary>As in <c>4*batch</c>, <c>49</c> or <c>batch+1</c>.</summary>
    public override string ToString()
        => PerSample == 0 ? $"{Fixed}"
        : (PerSample == 1 ? "batch" : $"{PerSample}*batch") + (Fixed > 0 ? $"+{Fixed}" : Fixed < 0 ? $"{Fixed}" : "");
}
