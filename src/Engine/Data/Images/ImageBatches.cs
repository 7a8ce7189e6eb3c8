using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>
/// Pictures as batches: decoded, changed step by step and written where they lie in the batch. Input <c>input</c>
/// (batch, channels, height, width) fp32; targets, as far as the pictures have them: <c>target</c> (batch) int64, the
/// class; <c>mask</c> (batch, height, width) int64, -100 where it is 255;
/// <c>boxes</c> (batch, most, 5) fp32: left, top, right, bottom, class, and -1 where there is none.
/// </summary>
public sealed class ImageBatches : IBatchSource, IDrawn
{
    private const int Unlabelled = 255, Ignored = -100;

    private readonly IDataset<EncodedImage> source;
    private readonly ImagePipeline pipeline;
    private readonly Lazy<Layout> layout;

    internal ImageBatches(IDataset<EncodedImage> source, ImagePipeline pipeline)
    {
        if (source.Count == 0) throw new UsageException("there is no picture");
        (this.source, this.pipeline, layout) = (source, pipeline, new(FirstLayout));
    }

    private sealed record Layout(int Width, int Height, int Channels, PixelTable Table, bool HasClass, bool HasMask,
        bool HasBoxes);

    /// <inheritdoc/>
    public int Count => source.Count;
    bool IDrawn.IsDrawn => Drawn.Is(source);
    /// <summary>One picture, after all steps.</summary>
    public Shape Shape => new(layout.Value.Channels, layout.Value.Height, layout.Value.Width);
    /// <summary>Number of classes; 0 where there are none.</summary>
    public int Classes => ClassNames.Count;
    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => source.ClassNames;
    /// <inheritdoc/>
    public Normalisation Normalisation => pipeline.Normalisation;
    /// <inheritdoc/>
    public string? PictureSteps => pipeline.InEvaluation;
    /// <inheritdoc/>
    public string? Origin(int sample) => source.Origin(sample);
    /// <inheritdoc/>
    public int? ClassOf(int sample) => source.ClassOf(sample);

    /// <summary>
    /// A picture after all steps but the normalisation, as it goes into a batch. The caller disposes it.
    /// </summary>
    /// <exception cref="UsageException">It cannot be read; the message names it.</exception>
    public ImageSample Sample(int sample, int? epoch = null, ulong seed = 0)
    {
        EncodedImage? file = null;
        try
        {
            var pass = new Pass(epoch, seed);
            file = source.Get(sample, pass);
            var made = new ImageSample(file, pass, sample);
            try
            {
                pipeline.Run(made);
                _ = made.Image; // decoded here, where errors are told
                return made;
            }
            catch
            {
                made.Dispose();
                throw;
            }
        }
        catch (Exception e) when (SampleError.IsOfSample(e))
        {
            throw SampleError.Of(sample,
            source.Origin(sample) ?? file?.Name, e);
        }
    }

    /// <inheritdoc/>
    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
        => BatchDraft.Fill(Begin(samples.Length, epoch, seed), samples);

    /// <inheritdoc/>
    public IBatchDraft Begin(int count, int? epoch = null, ulong seed = 0)
        => new Draft(this, layout.Value, count, epoch, seed);

    private Layout FirstLayout()
    {
        using var first = Sample(0);
        if (first.Mask is not null) BinaryMasks.Refuse(Count, i => MaskOf(Sample(i)), i => SampleError.Name(i, Origin(i)));
        return new(first.Width, first.Height, first.Image.Channels,
            new PixelTable(pipeline.Normalisation, first.Image.Channels), first.Class >= 0, first.Mask is not null,
            first.HasBoxes);
    }

    private static byte[] MaskOf(ImageSample sample)
    {
        using (sample) return sample.Mask is { } mask ? mask.Pixels.ToArray() : [];
    }

    private sealed class Draft(ImageBatches batches, Layout layout, int count, int? epoch, ulong seed) : IBatchDraft
    {
        private readonly BatchMemory<float> pixels = new("input",
            [count, layout.Channels, layout.Height, layout.Width]);
        private readonly BatchMemory<long>? classes = layout.HasClass ? new("target", [count]) : null;
        private readonly BatchMemory<long>? masks = layout.HasMask ? new("mask", [count, layout.Height, layout.Width])
            : null;
        private readonly IReadOnlyList<Box>[] boxes = new IReadOnlyList<Box>[count];

        public void Write(int slot, int sample)
        {
            using var made = batches.Sample(sample, epoch, seed);
            var image = made.Image;
            if ((image.Width, image.Height, image.Channels) != (layout.Width, layout.Height, layout.Channels))
                throw Misfit(sample, $"it is {image.Channels}x{image.Height}x{image.Width}, the first is {layout.Channels}x{layout.Height}x{layout.Width}: end with a step that gives all one size, such as Resize(height, width) or CenterCrop");
            layout.Table.Write(image, pixels[slot]);
            Require(sample, "a class", made.Class >= 0, layout.HasClass);
            Require(sample, "a mask", made.Mask is not null, layout.HasMask);
            Require(sample, "boxes", made.HasBoxes, layout.HasBoxes);
            if (classes is not null) classes[slot][0] = made.Class;
            if (masks is not null) Write(made.Mask!, masks[slot]);
            boxes[slot] = made.Boxes;
        }

        private static void Write(Image mask, Span<long> to)
        {
            var values = mask.Pixels;
            for (var i = 0; i < to.Length; i++) to[i] = values[i] == Unlabelled ? Ignored : values[i];
        }

        private void Require(int sample, string what, bool has, bool firstHas)
        {
            if (has != firstHas) throw Misfit(sample, firstHas ? $"it has no {what.Replace("a ", "")}, as the first has" : $"it has {what}, as the first has not");
        }

        private UsageException Misfit(int sample, string problem)
            => new($"{SampleError.Name(sample, batches.Origin(sample))}: {problem}");

        public Batch Finish()
        {
            List<NamedTensor> targets = [];
            if (classes is not null) targets.Add(classes.Take());
            if (masks is not null) targets.Add(masks.Take());
            if (layout.HasBoxes) targets.Add(Boxes());
            return new Batch([pixels.Take()], targets);
        }

        private NamedTensor Boxes()
        {
            var most = Math.Max(1, boxes.Max(b => b.Count));
            var numbers = new float[count * most * 5];
            Array.Fill(numbers, -1);
            for (var i = 0; i < count; i++)
                for (var k = 0; k < boxes[i].Count; k++)
                    ((ReadOnlySpan<float>)[boxes[i][k].Left, boxes[i][k].Top, boxes[i][k].Right, boxes[i][k].Bottom,
                        boxes[i][k].Class]).CopyTo(numbers.AsSpan((i * most + k) * 5));
            return new("boxes", tensor(numbers, [count, most, 5]));
        }

        public void Dispose()
        {
            pixels.Dispose();
            classes?.Dispose();
            masks?.Dispose();
        }
    }
}
