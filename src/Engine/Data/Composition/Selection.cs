namespace Interactive.Data;

/// <summary>Some samples of a data set, in an order of its own.</summary>
internal sealed class Selection<T> : View<T>
{
    private readonly IDataset<T> source;
    private readonly int[] samples;

    public Selection(IDataset<T> source, int[] samples)
    {
        Drawn.Refuse(source);
        (this.source, this.samples) = (source, samples);
        if (samples.Length == 0) throw new UsageException($"no sample of {source.Count} is left");
        foreach (var sample in samples)
            if ((uint)sample >= (uint)source.Count)
                throw new UsageException($"there is no sample {sample}: the data set has {source.Count}");
    }

    public override int Count => samples.Length;
    public override bool Varies => source.Varies;
    public override IReadOnlyList<string> ClassNames => source.ClassNames;
    protected override (IDataset<T>, int, Pass) At(int index, Pass pass) => (source, samples[index], pass);
}
