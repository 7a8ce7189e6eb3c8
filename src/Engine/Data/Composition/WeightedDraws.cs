namespace Interactive.Data;

/// <summary>
/// Samples as often as their weights say: systematic draws, one to each equal step along the sum of the weights from a
/// random start, so that a sample comes as often as its share says, rounded down or up.
/// </summary>
internal sealed class WeightedDraws<T> : View<T>
{
    private readonly IDataset<T> source;
    private readonly double[] sums;

    public WeightedDraws(IDataset<T> source, IReadOnlyList<double> weights, int count)
    {
        if (weights.Count != source.Count)
            throw new UsageException($"{source.Count} samples need as many weights, got {weights.Count}");
        if (count < 1) throw new UsageException($"at least 1 sample must be drawn, got {count}");
        (this.source, Count, sums) = (source, count, new double[weights.Count]);
        var sum = 0.0;
        for (var i = 0; i < sums.Length; i++)
            sums[i] = sum += weights[i] >= 0 && double.IsFinite(weights[i]) ? weights[i]
                : throw new UsageException($"the weight of sample {i} is {weights[i]}: it must be 0 or more");
        if (sum <= 0) throw new UsageException("all weights are 0");
    }

    public override int Count { get; }
    public override bool Varies => true;
    /// <inheritdoc/>
    public override bool IsDrawn => true;
    public override IReadOnlyList<string> ClassNames => source.ClassNames;
    public override string? Origin(int index) => null; // another one each epoch
    public override int? ClassOf(int index) => null;

    protected override (IDataset<T>, int, Pass) At(int index, Pass pass)
    {
        var start = pass.IsTraining ? pass.Random(0, "weighted").NextDouble() : 0.5;
        var sample = Find(index, start);
        var (first, last) = (0, index); // of its places, which lie together
        while (first < last)
        {
            var middle = (first + last) / 2;
            if (Find(middle, start) == sample) last = middle;
            else first = middle + 1;
        }
        return (source, sample, pass with { Repeat = pass.Repeat * Count + index - first });
    }

    private int Find(int index, double start)
    {
        var place = (index + start) / Count * sums[^1];
        var (low, high) = (0, sums.Length - 1); // the first sum above the place
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sums[middle] > place) high = middle;
            else low = middle + 1;
        }
        return low;
    }
}
