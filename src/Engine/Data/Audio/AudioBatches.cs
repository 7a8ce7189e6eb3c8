using Interactive.Graphs;

namespace Interactive.Data;

/// <summary>
/// Sounds as batches: input <c>input</c> (batch, 1, bands, frames) fp32, or (batch, 1, samples) without log-mel; target
/// <c>target</c> (batch) int64, the class, where sounds have one.
/// </summary>
public sealed class AudioBatches : IBatchSource, IDrawn
{
    private readonly IDataset<EncodedSound> files;
    private readonly IDataset<(Sound Sound, int Class)> source;
    private readonly AudioPipeline pipeline;
    private readonly MelSpectrogram? mel;
    private readonly Lazy<(Shape Shape, bool HasClass)> layout;

    internal AudioBatches(IDataset<EncodedSound> files, AudioPipeline pipeline, long cacheBytes)
    {
        if (files.Count == 0) throw new UsageException("there is no sound");
        (this.files, this.pipeline) = (files, pipeline);
        var decoded = files.Map(file => (Sound: pipeline.Decode(file), file.Class));
        source = decoded.Varies ? decoded : decoded.Cached(cacheBytes, s => sizeof(float) * (long)s.Sound.Samples.Length);
        if (pipeline.Mel is var (bands, window, hop)) mel = new MelSpectrogram(pipeline.Rate, bands, window, hop);
        layout = new(() => (ShapeOf(Numbers(0, Pass.Evaluation, out var kind)), kind >= 0));
    }

    /// <inheritdoc/>
    public int Count => source.Count;
    bool IDrawn.IsDrawn => Drawn.Is(files);
    /// <summary>One sound, after all steps.</summary>
    public Shape Shape => layout.Value.Shape;
    /// <summary>Number of classes; 0 where there are none.</summary>
    public int Classes => ClassNames.Count;
    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => source.ClassNames;
    /// <inheritdoc/>
    public string? Origin(int sample) => source.Origin(sample);
    /// <inheritdoc/>
    public int? ClassOf(int sample) => source.ClassOf(sample);

    /// <inheritdoc/>
    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
        => BatchDraft.Fill(Begin(samples.Length, epoch, seed), samples);

    /// <inheritdoc/>
    public IBatchDraft Begin(int count, int? epoch = null, ulong seed = 0)
        => new Draft(this, count, new Pass(epoch, seed));

    private Shape ShapeOf(float[] numbers)
        => pipeline.Mel is var (bands, _, _) ? new(1, bands, numbers.Length / bands) : new(1, numbers.Length);

    private float[] Numbers(int sample, Pass pass, out int kind)
    {
        try
        {
            (var sound, kind) = source.Get(sample, pass);
            return pipeline.Run(sound, pass, sample, mel);
        }
        catch (Exception e) when (SampleError.IsOfSample(e))
        {
            throw SampleError.Of(sample, files.Origin(sample) ?? NameOf(sample, pass), e);
        }
    }

    private string? NameOf(int sample, Pass pass)
    {
        try { return files.Get(sample, pass).Name; }
        catch (Exception e) when (SampleError.IsOfSample(e)) { return null; }
    }

    private sealed class Draft(AudioBatches batches, int count, Pass pass) : IBatchDraft
    {
        private readonly BatchMemory<float> numbers = new("input", batches.Shape.WithBatch(count));
        private readonly BatchMemory<long>? classes = batches.layout.Value.HasClass ? new("target", [count]) : null;

        public void Write(int slot, int sample)
        {
            var made = batches.Numbers(sample, pass, out var kind);
            if (made.Length != batches.Shape.Elements) throw Misfit(sample,
                $"it is {batches.ShapeOf(made)}, the first is {batches.Shape}: give all one length by Seconds");
            made.CopyTo(numbers[slot]);
            if (classes is not null) classes[slot][0] = kind >= 0 ? kind
                : throw Misfit(sample, "it has no class, as the first has");
        }

        private UsageException Misfit(int sample, string problem)
            => new($"{SampleError.Name(sample, batches.Origin(sample))}: {problem}");

        public Batch Finish() => new([numbers.Take()], classes is null ? [] : [classes.Take()]);

        public void Dispose()
        {
            numbers.Dispose();
            classes?.Dispose();
        }
    }
}
