namespace Interactive.Data;

/// <summary>
/// What a trainer reads: batches of samples by number. A data set with its collate is one; so are tensors, images and tokens
/// that are laid into batches without an object a sample. Implementations are safe to read from several threads.
/// </summary>
public interface IBatchSource
{
    /// <summary>Number of samples.</summary>
    int Count { get; }

    /// <summary>The batch of these samples; the caller disposes it.</summary>
    /// <param name="samples">Their numbers, in order.</param>
    /// <param name="epoch">Seeds what is random in them, together with the run's seed and the sample's number; null for evaluation, where nothing is random.</param>
    /// <param name="seed">The run's seed.</param>
    /// <exception cref="UsageException">A sample cannot be read; the message names it.</exception>
    Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0);

    /// <summary>Where a sample comes from, such as its file, for messages; null (default) where its number is all there is to say.</summary>
    string? Origin(int sample) => null;

    /// <summary>The classes' names by number; empty (default) where they have none. A kept model tells them.</summary>
    IReadOnlyList<string> ClassNames => [];

    /// <summary>How the bytes of an image became numbers, so that a kept model can do the same; null (default) where there were none.</summary>
    Normalisation? Normalisation => null;
}
