using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>
/// Samples of one fp32 shape with a class each, written where the batch wants them: images, mostly. Implementations are safe to
/// read from several threads.
/// </summary>
public interface IDataSource : IBatchSource
{
    /// <summary>One sample.</summary>
    Shape Shape { get; }
    /// <summary>Number of classes.</summary>
    int Classes { get; }
    /// <summary>Writes sample <paramref name="index"/> into <paramref name="pixels"/> and returns its class.</summary>
    long Read(int index, Span<float> pixels);

    /// <summary>Changes a sample that has been read for training; by default it stays as it is.</summary>
    /// <param name="pixels">The sample.</param>
    /// <param name="index">Its number.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="seed">The run's seed.</param>
    void Augment(Span<float> pixels, int index, int epoch, ulong seed) { }

    /// <summary>fp32 <c>input</c> (batch, …) and int64 <c>target</c> (batch).</summary>
    Batch IBatchSource.Read(ReadOnlySpan<int> samples, int? epoch, ulong seed)
    {
        var size = (int)Shape.Elements;
        var pixels = new float[samples.Length * size];
        var labels = new long[samples.Length];
        for (var i = 0; i < samples.Length; i++)
        {
            var sample = pixels.AsSpan(i * size, size);
            try
            {
                labels[i] = Read(samples[i], sample);
                if (epoch is { } number) Augment(sample, samples[i], number, seed);
            }
            catch (Exception e) when (SampleError.IsOfSample(e)) { throw SampleError.Of(samples[i], Origin(samples[i]), e); }
        }
        return new Batch(tensor(pixels, Shape.WithBatch(samples.Length)), tensor(labels));
    }
}
