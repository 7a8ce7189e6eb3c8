namespace Interactive.Data;

/// <summary>Samples that a function has made of others, with random numbers where it takes them.</summary>
internal sealed class Mapping<TFrom, T>(IDataset<TFrom> source, Func<TFrom, int, Pass, T> map, bool varies)
    : IDataset<T>, IDrawn
{
    private readonly KeptSamples<TFrom> samples = new(source, varies);

    public int Count => source.Count;
    public bool IsDrawn => Drawn.Is(source);
    public bool Varies => varies || source.Varies;
    public T this[int index] => Get(index, Pass.Evaluation);
    public T Get(int index, Pass pass) => samples.Change(index, pass, sample => map(sample, index, pass));
    public string? Origin(int index) => source.Origin(index);
    public int? ClassOf(int index) => source.ClassOf(index);
    public IReadOnlyList<string> ClassNames => source.ClassNames;
}
