namespace Interactive.Data;

/// <summary>
/// What a trainer reads: batches of samples by number. A data set with its collate is one; so are tensors, images and
/// tokens that are laid into batches without an object a sample. Implementations are safe to read from several threads.
/// </summary>
public interface IBatchSource
{
    /// <summary>Number of samples.</summary>
    int Count { get; }

    /// <summary>The batch of these samples; the caller disposes it.</summary>
    /// <param name="samples">Their numbers, in order.</param>
    /// <param name="epoch">Seeds what is random in them, together with the run's seed and the sample's number; null for
    /// evaluation, where nothing is random.</param>
    /// <param name="seed">The run's seed.</param>
    /// <exception cref="UsageException">A sample cannot be read; the message names it.</exception>
    Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0);

    /// <summary>
    /// The same batch as <see cref="Read"/> makes, to be filled sample by sample, so that several threads share the
    /// work of one batch; null (default) where batches are read whole.
    /// </summary>
    /// <param name="count">Samples of the batch.</param>
    /// <param name="epoch">As for <see cref="Read"/>.</param>
    /// <param name="seed">As for <see cref="Read"/>.</param>
    IBatchDraft? Begin(int count, int? epoch = null, ulong seed = 0) => null;

    /// <summary>
    /// The order of an epoch's samples, such as one that puts samples of like length together; null (default) for a
    /// random one.
    /// </summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="globalBatch">Samples of a step over all ranks: each run of as many is a step.</param>
    /// <param name="seed">The run's seed.</param>
    int[]? Order(int epoch, int globalBatch, ulong seed) => null;

    /// <summary>A sample's class, without reading it; null (default) where that cannot be told.</summary>
    int? ClassOf(int sample) => null;

    /// <summary>
    /// Where a sample comes from, such as its file, for messages; null (default) where its number is all there is to
    /// say.
    /// </summary>
    string? Origin(int sample) => null;

    /// <summary>The classes' names by number; empty (default) where they have none. A kept model tells them.</summary>
    IReadOnlyList<string> ClassNames => [];

    /// <summary>
    /// How the bytes of an image became numbers, so that a kept model can do the same; null (default) where there were
    /// none.
    /// </summary>
    Normalisation? Normalisation => null;

    /// <summary>
    /// What is done to a picture of a file in evaluation before its bytes become numbers, as a command line writes it
    /// (<c>resize=256,center-crop=224</c>), so that a kept model can do the same; null (default) where pictures are
    /// read as a folder of pictures (<c>ImageFolder</c>) reads them, or there are none.
    /// </summary>
    string? PictureSteps => null;

    /// <summary>
    /// How the columns of a table became numbers, as a text, so that a kept model can do the same; null (default) where there were none.
    /// </summary>
    string? TableColumns => null;
}
