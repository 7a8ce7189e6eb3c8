namespace Interactive.Data;

/// <summary>A batch that is being filled, sample by sample, from several threads.</summary>
public interface IBatchDraft : IDisposable
{
    /// <summary>Reads a sample into its place. From any thread, each place once.</summary>
    /// <param name="slot">Its place in the batch.</param>
    /// <param name="sample">Its number.</param>
    /// <exception cref="UsageException">The sample cannot be read; the message names it.</exception>
    void Write(int slot, int sample);

    /// <summary>
    /// The batch, when all places are filled. Called once; the caller owns the batch, and the draft is disposed all the
    /// same.
    /// </summary>
    /// <exception cref="UsageException">The samples do not lie in one batch.</exception>
    Batch Finish();
}
