namespace Interactive.Data;

/// <summary>
/// Samples of like length come in one batch, so that little is padded; which batches and in what order is random.
/// </summary>
internal sealed class LengthBuckets(IBatchSource source, int[] lengths, int pool) : IBatchSource, IDrawn
{
    public int Count => source.Count;
    public bool IsDrawn => Drawn.Is(source);

    /// <summary>Some of the samples, sorted among themselves.</summary>
    /// <exception cref="UsageException">None, or one that is not there.</exception>
    public LengthBuckets Part(IReadOnlyList<int> samples) => new(new Subset(source, samples), [.. samples.Select(i => lengths[i])], pool);

    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
        => source.Read(samples, epoch, seed);
    public IBatchDraft? Begin(int count, int? epoch = null, ulong seed = 0) => source.Begin(count, epoch, seed);
    public int? ClassOf(int sample) => source.ClassOf(sample);
    public string? Origin(int sample) => source.Origin(sample);
    public IReadOnlyList<string> ClassNames => source.ClassNames;
    public Normalisation? Normalisation => source.Normalisation;
    public string? PictureSteps => source.PictureSteps;
    /// <inheritdoc/>
    public string? TableColumns => source.TableColumns;

    // Shuffled, cut into pools of so many batches, sorted by length within each, and the whole batches shuffled again.
    public int[] Order(int epoch, int globalBatch, ulong seed)
    {
        var random = new CounterRandom(seed, (ulong)epoch);
        var order = random.Permutation(Count);
        var whole = order.Length / globalBatch * globalBatch;
        var batches =
            order[..whole].Chunk(pool * globalBatch)
            .SelectMany(chunk => chunk.OrderBy(i => lengths[i]).Chunk(globalBatch)).ToArray();
        return [.. random.Permutation(batches.Length).SelectMany(i => batches[i]), .. order[whole..]];
    }

    int[]? IBatchSource.Order(int epoch, int globalBatch, ulong seed) => Order(epoch, globalBatch, seed);
}
