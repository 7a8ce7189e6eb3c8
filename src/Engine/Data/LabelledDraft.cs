using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>A batch of an <see cref="IDataSource"/>: each sample is written where it lies in the batch.</summary>
internal sealed class LabelledDraft(IDataSource source, int count, int? epoch, ulong seed) : IBatchDraft
{
    private readonly BatchMemory<float> pixels = new("input", source.Shape.WithBatch(count));
    private readonly BatchMemory<long> labels = new("target", [count]);

    public void Write(int slot, int sample)
    {
        try
        {
            var place = pixels[slot];
            labels[slot][0] = source.Read(sample, place);
            if (epoch is { } number) source.Augment(place, sample, number, seed);
        }
        catch (Exception e) when (SampleError.IsOfSample(e)) { throw SampleError.Of(sample, source.Origin(sample), e); }
    }

    public Batch Finish() => new([pixels.Take()], [labels.Take()]);

    public void Dispose()
    {
        pixels.Dispose();
        labels.Dispose();
    }
}
