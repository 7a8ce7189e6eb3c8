namespace Interactive.Data;

/// <summary>Samples of other data sets under numbers of its own.</summary>
internal abstract class View<T> : IDataset<T>, IDrawn
{
    public abstract int Count { get; }
    /// <inheritdoc/>
    public virtual bool IsDrawn => false;
    public abstract bool Varies { get; }
    public abstract IReadOnlyList<string> ClassNames { get; }

    /// <summary>Where a sample lies.</summary>
    protected abstract (IDataset<T> Source, int Index, Pass Pass) At(int index, Pass pass);

    public T this[int index] => Get(index, Pass.Evaluation);

    public T Get(int index, Pass pass)
    {
        if ((uint)index >= (uint)Count)
            throw new ArgumentOutOfRangeException(nameof(index),
            $"there is no sample {index}: the data set has {Count}");
        var (source, at, inPass) = At(index, pass);
        try { return source.Get(at, inPass); }
        // here its number in this pass is known
        catch (Exception e) when (SampleError.IsOfSample(e)) { throw SampleError.Of(at, source.Origin(at), e); }
    }

    public virtual string? Origin(int index)
    {
        var (source, at, _) = At(index, Pass.Evaluation);
        return source.Origin(at);
    }

    public virtual int? ClassOf(int index)
    {
        var (source, at, _) = At(index, Pass.Evaluation);
        return source.ClassOf(at);
    }
}
