namespace Interactive.Data;

/// <summary>Samples that lie in a list.</summary>
internal sealed class ListDataset<T>(IReadOnlyList<T> samples, Func<T, int>? classOf, IReadOnlyList<string> classNames)
    : IDataset<T>
{
    public int Count => samples.Count;
    public T this[int index] => samples[index];
    public int? ClassOf(int index) => classOf?.Invoke(samples[index]);
    public IReadOnlyList<string> ClassNames => classNames;
}
