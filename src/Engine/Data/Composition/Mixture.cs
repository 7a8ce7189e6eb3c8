namespace Interactive.Data;

/// <summary>
/// Data sets in given shares. Each epoch takes other samples of a set that is larger than its share; a smaller one
/// comes round again, each time in another order and with other random changes.
/// </summary>
internal sealed class Mixture<T> : View<T>
{
    private readonly IDataset<T>[] parts;
    private readonly int[] begins; // of each part's places, and the end

    public Mixture(IReadOnlyList<IDataset<T>> parts, IReadOnlyList<double> weights, int count)
    {
        if (weights.Count != parts.Count)
            throw new UsageException($"{parts.Count} data sets need as many weights, got {weights.Count}");
        if (weights.Any(w => !(w >= 0 && double.IsFinite(w))) || weights.Sum() <= 0)
            throw new UsageException($"weights must be 0 or more and not all 0, got {string.Join(", ", weights)}");
        if (count < 1) throw new UsageException($"a mixture needs at least 1 sample, got {count}");
        Classes.RequireLike(parts);
        this.parts = [.. parts];
        begins = new int[parts.Count + 1];
        var (sum, total) = (0.0, weights.Sum());
        for (var i = 0; i < parts.Count; i++)
        {
            sum += weights[i];
            begins[i + 1] = i == parts.Count - 1 ? count : (int)Math.Round(sum / total * count);
            if (begins[i + 1] > begins[i] && parts[i].Count == 0)
                throw new UsageException($"data set {i} of the mixture is empty");
        }
    }

    public override int Count => begins[^1];
    public override bool Varies => true;
    /// <inheritdoc/>
    public override bool IsDrawn => true;
    public override IReadOnlyList<string> ClassNames => parts[0].ClassNames;
    public override string? Origin(int index) => null; // another one each epoch
    public override int? ClassOf(int index) => null;

    protected override (IDataset<T>, int, Pass) At(int index, Pass pass)
    {
        var part = 0;
        while (index >= begins[part + 1]) part++;
        var source = parts[part];
        var (round, place) = Math.DivRem(index - begins[part], source.Count);
        if (!pass.IsTraining) return (source, place, pass);
        var order = new IndexPermutation(source.Count, pass.Seed + (ulong)part, (ulong)pass.Epoch! << 32 | (uint)round);
        return (source, order[place], pass with { Repeat = pass.Repeat * (Count / source.Count + 1) + round });
    }
}
