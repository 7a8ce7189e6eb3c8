using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>Data sets to what a trainer reads, and parts of that.</summary>
public static class BatchSources
{
    /// <summary>Batches of a data set. Tensors that it makes for a sample are disposed once they lie in the batch.</summary>
    public static IBatchSource Batches<T>(this IDataset<T> dataset, ICollate<T> collate) => new DatasetBatches<T>(dataset, collate);

    /// <summary>The same with a function.</summary>
    public static IBatchSource Batches<T>(this IDataset<T> dataset, Func<IReadOnlyList<T>, Batch> collate) => dataset.Batches(Collate.From(collate));

    /// <summary>Batches of (input, target) tensors, stacked.</summary>
    public static IBatchSource Batches(this IDataset<(Tensor Input, Tensor Target)> dataset) => dataset.Batches(Collate.Tensors);

    /// <summary>Batches of numbers of one shape with a class each.</summary>
    /// <param name="dataset">The samples.</param>
    /// <param name="shape">One sample; default: as many numbers as the first sample has.</param>
    public static IBatchSource Batches(this IDataset<(float[] Input, long Target)> dataset, Shape? shape = null)
        => dataset.Batches(Collate.Classes(shape ?? new Shape(dataset[0].Input.Length)));

    /// <summary>Batches of rows of numbers with rows of numbers for targets.</summary>
    public static IBatchSource Batches(this IDataset<(float[] Input, float[] Target)> dataset) => dataset.Batches(Collate.Rows);

    /// <summary>Some of the samples, in this order.</summary>
    /// <exception cref="UsageException">None, or one that is not there.</exception>
    public static IBatchSource Subset(this IBatchSource source, IReadOnlyList<int> samples) => new Subset(source, samples);

    /// <summary>Two parts: a share for training and the rest, chosen at random once.</summary>
    /// <param name="source">All samples.</param>
    /// <param name="share">Of the first part, between 0 and 1.</param>
    /// <param name="seed">Another seed chooses other samples.</param>
    /// <exception cref="UsageException">A part would be empty.</exception>
    public static (IBatchSource Train, IBatchSource Test) Split(this IBatchSource source, double share = 0.8, ulong seed = 1)
    {
        var order = new CounterRandom(seed, 0).Permutation(source.Count);
        var first = (int)Math.Round(share * source.Count);
        if (first <= 0 || first >= source.Count) throw new UsageException($"a share of {share} of {source.Count} samples leaves one part empty");
        return (source.Subset(order[..first]), source.Subset(order[first..]));
    }
}
