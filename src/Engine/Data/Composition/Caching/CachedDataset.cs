namespace Interactive.Data;

/// <summary>
/// Keeps samples in memory when they have been read, up to a bound; none is put out again. Safe to read from several
/// threads.
/// </summary>
internal sealed class CachedDataset<T>(IDataset<T> source, long bound, Func<T, long> sizeOf) : IDataset<T>
{
    private readonly object?[] kept = new object?[source.Count];
    private long used;

    public int Count => source.Count;

    public T this[int index]
    {
        get
        {
            if (Volatile.Read(ref kept[index]) is { } known) return (T)known;
            using var scope = TorchSharp.torch.NewDisposeScope();
            var made = source[index];
            var size = sizeOf(made);
            // No room, or another thread was faster.
            if (Interlocked.Add(ref used, size) > bound
                || Interlocked.CompareExchange(ref kept[index], made, null) is not null)
            {
                Interlocked.Add(ref used, -size);
                scope.MoveToOuter([.. scope.DisposablesView]);
            }
            else scope.Detach([.. scope.DisposablesView]); // a kept sample's tensors outlive its first batch
            return made;
        }
    }

    public string? Origin(int index) => source.Origin(index);
    public int? ClassOf(int index) => source.ClassOf(index);
    public IReadOnlyList<string> ClassNames => source.ClassNames;
}
