using TorchSharp;

namespace Interactive.Data;

/// <summary>A data set with its collate: samples are read one by one and laid into a batch.</summary>
internal sealed class DatasetBatches<T>(IDataset<T> dataset, ICollate<T> collate) : IBatchSource, IDrawn
{
    public int Count => dataset.Count;
    public bool IsDrawn => Drawn.Is(dataset);

    public string? Origin(int sample) => dataset.Origin(sample);

    public int? ClassOf(int sample) => dataset.ClassOf(sample);

    public IReadOnlyList<string> ClassNames => dataset.ClassNames;

    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0) => BatchDraft.Fill(Begin(samples.Length, epoch, seed), samples);

    public IBatchDraft Begin(int count, int? epoch = null, ulong seed = 0) => new Draft(this, count, new Pass(epoch, seed));

    IBatchDraft? IBatchSource.Begin(int count, int? epoch, ulong seed) => Begin(count, epoch, seed);

    private T Get(int sample, Pass pass)
    {
        try { return dataset.Get(sample, pass); }
        catch (Exception e) when (SampleError.IsOfSample(e)) { throw SampleError.Of(sample, Origin(sample), e); }
    }

    private Batch Collate(T[] items, int[] samples)
    {
        using var scope = torch.NewDisposeScope();
        try { return Laid(items); }
        catch (Exception e) when (SampleError.IsOfSample(e))
        {
            for (var i = 0; i < items.Length; i++)
                if (Refusal(items[i]) is { } alone) throw SampleError.Of(samples[i], Origin(samples[i]), alone);
            var two = Unlike(items) is { } other ? [samples[0], samples[other]] : samples[..Math.Min(4, items.Length)];
            throw new UsageException($"samples {string.Join(", ", two)}{(items.Length > 4 && two.Length == 4 ? ", …" : "")} do not lie in one batch: {e.Message.Split('\n')[0]}");
        }
    }

    private Batch Laid(params T[] items) => collate.Collate(items) ?? throw new InvalidDataException("the collate gave no batch (null)");

    // The first that does not lie in a batch with sample 0; null where any two do.
    private int? Unlike(T[] items)
    {
        for (var i = 1; i < items.Length; i++)
            if (Refusal(items[0], items[i]) is not null) return i;
        return null;
    }

    private Exception? Refusal(params T[] items)
    {
        try
        {
            Laid(items).Dispose();
            return null;
        }
        catch (Exception e) when (SampleError.IsOfSample(e)) { return e; }
    }

    private sealed class Draft(DatasetBatches<T> source, int count, Pass pass) : IBatchDraft
    {
        private readonly T[] items = new T[count];
        private readonly int[] numbers = new int[count];
        private readonly IReadOnlyList<IDisposable>?[] made = new IReadOnlyList<IDisposable>?[count];

        // Tensors that a data set makes for a sample outlive the thread's scope, and go when they lie in the batch.
        public void Write(int slot, int sample)
        {
            numbers[slot] = sample;
            using var scope = torch.NewDisposeScope();
            items[slot] = source.Get(sample, pass);
            made[slot] = [.. scope.DisposablesView];
            scope.Detach(made[slot]!);
        }

        public Batch Finish() => source.Collate(items, numbers);

        public void Dispose()
        {
            foreach (var one in made)
                foreach (var tensor in one ?? []) tensor.Dispose();
        }
    }
}
