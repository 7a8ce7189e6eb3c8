using Interactive.Graphs;

namespace Interactive.Data;

/// <summary>
/// Samples of one fp32 shape with a class each, written where the batch wants them: images, mostly. Implementations are
/// safe to read from several threads.
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
        => BatchDraft.Fill(new LabelledDraft(this, samples.Length, epoch, seed), samples);

    /// <inheritdoc/>
    IBatchDraft? IBatchSource.Begin(int count, int? epoch, ulong seed) => new LabelledDraft(this, count, epoch, seed);
}
