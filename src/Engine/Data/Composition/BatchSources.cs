using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>Data sets to what a trainer reads, and parts of that.</summary>
public static class BatchSources
{
    /// <summary>
    /// Batches of a data set. Tensors that it makes for a sample are disposed once they lie in the batch.
    /// </summary>
    public static IBatchSource Batches<T>(this IDataset<T> dataset, ICollate<T> collate)
        => new DatasetBatches<T>(dataset, collate);

    /// <summary>The same with a function.</summary>
    public static IBatchSource Batches<T>(this IDataset<T> dataset, Func<IReadOnlyList<T>, Batch> collate)
        => dataset.Batches(Collate.From(collate));

    /// <summary>Batches of (input, target) tensors, stacked.</summary>
    public static IBatchSource Batches(this IDataset<(Tensor Input, Tensor Target)> dataset)
        => dataset.Batches(Collate.Tensors);

    /// <summary>Batches of numbers of one shape with a class each.</summary>
    /// <param name="dataset">The samples.</param>
    /// <param name="shape">One sample; default: as many numbers as the first sample has.</param>
    public static IBatchSource Batches(this IDataset<(float[] Input, long Target)> dataset, Shape? shape = null)
        => dataset.Batches(Collate.Classes(shape ?? new Shape(dataset[0].Input.Length)));

    /// <summary>Batches of rows of numbers with rows of numbers for targets.</summary>
    public static IBatchSource Batches(this IDataset<(float[] Input, float[] Target)> dataset)
        => dataset.Batches(Collate.Rows);

    /// <summary>Some of the samples, in this order.</summary>
    /// <exception cref="UsageException">None, or one that is not there.</exception>
    public static IBatchSource Subset(this IBatchSource source, IReadOnlyList<int> samples)
        => source is LengthBuckets sorted ? sorted.Part(samples) : new Subset(source, samples);

    /// <summary>Two parts: a share for training and the rest, chosen at random once.</summary>
    /// <param name="source">All samples.</param>
    /// <param name="share">Of the first part, between 0 and 1.</param>
    /// <param name="seed">Another seed chooses other samples.</param>
    /// <exception cref="UsageException">A part would be empty.</exception>
    public static (IBatchSource Train, IBatchSource Test) Split(this IBatchSource source, double share = 0.8,
        ulong seed = 1)
    {
        var (train, test) = Parts.Random(source.Count, share, seed);
        return (source.Subset(train), source.Subset(test));
    }

    /// <summary>Two parts in which each class has its share, as nearly as whole samples allow.</summary>
    /// <param name="source">All samples; each knows its class.</param>
    /// <param name="share">Of the first part, between 0 and 1.</param>
    /// <param name="seed">Another seed chooses other samples.</param>
    /// <exception cref="UsageException">A sample's class is not known, or a class has too few samples for both
    /// parts.</exception>
    public static (IBatchSource Train, IBatchSource Test) SplitByClass(this IBatchSource source, double share = 0.8,
        ulong seed = 1)
    {
        var (train, test) = Parts.ByClass(Classes.Of(source), source.ClassNames, share, seed);
        return (source.Subset(train), source.Subset(test));
    }

    /// <summary>
    /// The same samples in an order that puts those of like length into one batch, so that little is padded.
    /// </summary>
    /// <param name="source">The samples.</param>
    /// <param name="lengths">One a sample.</param>
    /// <param name="pool">Batches that are sorted together; default 50. More sorts better and shuffles less.</param>
    /// <exception cref="UsageException">There are not as many lengths as samples.</exception>
    public static IBatchSource ByLength(this IBatchSource source, IReadOnlyList<int> lengths, int pool = 50)
        => lengths.Count != source.Count
        ? throw new UsageException($"{source.Count} samples need as many lengths, got {lengths.Count}")
            : pool < 1 ? throw new UsageException($"a pool must be at least 1 batch, got {pool}")
            : new LengthBuckets(source, [.. lengths], pool);
}
