namespace Interactive.Data;

/// <summary>Data sets one behind the other.</summary>
internal sealed class Concatenation<T> : View<T>
{
    private readonly IDataset<T>[] parts;
    private readonly int[] ends;

    public Concatenation(IReadOnlyList<IDataset<T>> parts)
    {
        this.parts = [.. parts];
        ends = new int[parts.Count];
        var end = 0;
        for (var i = 0; i < ends.Length; i++) ends[i] = end = checked(end + parts[i].Count);
        Classes.RequireLike(parts);
    }

    public override int Count => ends[^1];
    public override bool Varies => parts.Any(p => p.Varies);
    /// <inheritdoc/>
    public override bool IsDrawn => parts.Any(Drawn.Is);
    public override IReadOnlyList<string> ClassNames => parts[0].ClassNames;

    protected override (IDataset<T>, int, Pass) At(int index, Pass pass)
    {
        var part = Array.BinarySearch(ends, index + 1);
        if (part < 0) part = ~part;
        while (parts[part].Count == 0) part++;
        // one that comes twice is changed otherwise each time
        return (parts[part], index - (ends[part] - parts[part].Count), pass with { Repeat = pass.Repeat * parts.Length + part });
    }
}
