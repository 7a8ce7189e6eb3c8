namespace Interactive.Data;

/// <summary>Some samples of a source under numbers of their own.</summary>
internal sealed class Subset : IBatchSource
{
    private readonly IBatchSource source;
    private readonly int[] samples;

    public Subset(IBatchSource source, IReadOnlyList<int> samples)
    {
        Drawn.Refuse(source);
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

    // The whole's order without the others: what lay together there lies together here.
    int[]? IBatchSource.Order(int epoch, int globalBatch, ulong seed)
    {
        if (source.Order(epoch, globalBatch, seed) is not { } whole) return null;
        var places = Enumerable.Range(0, samples.Length).ToLookup(place => samples[place]);
        return [.. whole.SelectMany(sample => places[sample])];
    }

    private sealed class Draft(IBatchDraft inner, int[] samples) : IBatchDraft
    {
        public void Write(int slot, int sample) => inner.Write(slot, samples[sample]);
        public Batch Finish() => inner.Finish();
        public void Dispose() => inner.Dispose();
    }
}
