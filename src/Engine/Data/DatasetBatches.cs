namespace Interactive.Data;

/// <summary>A data set with its collate: samples are read one by one and laid into a batch.</summary>
internal sealed class DatasetBatches<T>(IDataset<T> dataset, ICollate<T> collate) : IBatchSource
{
    public int Count => dataset.Count;

    public string? Origin(int sample) => dataset.Origin(sample);

    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var items = new T[samples.Length];
        for (var i = 0; i < items.Length; i++)
            try { items[i] = dataset[samples[i]]; }
            catch (Exception e) when (SampleError.IsOfSample(e)) { throw SampleError.Of(samples[i], Origin(samples[i]), e); }
        try { return collate.Collate(items); }
        catch (Exception e) when (SampleError.IsOfSample(e))
        {
            var first = string.Join(", ", samples[..Math.Min(4, items.Length)].ToArray());
            throw new UsageException($"samples {first}{(items.Length > 4 ? ", …" : "")} do not lie in one batch: {e.Message.Split('\n')[0]}");
        }
    }
}
