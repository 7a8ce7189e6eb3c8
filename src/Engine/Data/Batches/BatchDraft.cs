namespace Interactive.Data;

/// <summary>What drafts of batches have in common.</summary>
internal static class BatchDraft
{
    /// <summary>Fills a draft on this thread.</summary>
    public static Batch Fill(IBatchDraft draft, ReadOnlySpan<int> samples)
    {
        using (draft)
        {
            for (var i = 0; i < samples.Length; i++) draft.Write(i, samples[i]);
            return draft.Finish();
        }
    }
}
