namespace Interactive.Data;

/// <summary>Some samples of a source under numbers of their own.</summary>
internal sealed class Subset : IBatchSource
{
    private readonly IBatchSource source;
    private readonly int[] samples;

    public Subset(IBatchSource source, IReadOnlyList<int> samples)
    {
        (this.source, this.samples) = (source, [.. samples]);
        if (this.samples.Length == 0) throw new UsageException("a subset of no samples");
        foreach (var sample in this.samples)
            if ((uint)sample >= (uint)source.Count)
                throw new UsageException($"there is no sample {sample}: the source has {source.Count}");
    }

    public int Count => samples.Length;

    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        var chosen = new int[samples.Length];
        for (var i = 0; i < chosen.Length; i++) chosen[i] = this.samples[samples[i]];
        return source.Read(chosen, epoch, seed);
    }

    public IBatchDraft? Begin(int count, int? epoch = null, ulong seed = 0)
        => source.Begin(count, epoch, seed) is { } draft ? new Draft(draft, samples) : null;

    public int? ClassOf(int sample) => source.ClassOf(samples[sample]);

    public IReadOnlyList<string> ClassNames => source.ClassNames;
    public Normalisation? Normalisation => source.Normalisation;
    public string? PictureSteps => source.PictureSteps;
    /// <inheritdoc/>
    public string? TableColumns => source.TableColumns;

    public string? Origin(int sample)
        => source.Origin(samples[sample]) is { } origin ? origin : $"sample {samples[sample]} of the whole";

    private sealed class Draft(IBatchDraft inner, int[] samples) : IBatchDraft
    {
        public void Write(int slot, int sample) => inner.Write(slot, samples[sample]);
        public Batch Finish() => inner.Finish();
        public void Dispose() => inner.Dispose();
    }
}
