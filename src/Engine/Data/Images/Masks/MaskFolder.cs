using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>
/// Pictures with a mask each, as samples of segmentation: <c>images/cat.jpg</c> and <c>masks/cat.png</c>, whose grey
/// value is a pixel's class and 255 one that does not count (-100 in the target, which cross-entropy leaves out). Both
/// are brought to a square alike, masks by their nearest pixels. Input <c>image</c> (batch, 3, size, size) fp32, target
/// <c>mask</c> (batch, size, size) int64.
/// </summary>
public sealed class MaskFolder : IBatchSource
{
    private const int Unlabelled = 255, Ignored = -100;
    private static readonly float[] White = [255, 255, 255];

    private readonly (string Image, string Mask)[] pairs;
    private readonly int size;
    private readonly PictureCache images, masks;

    private MaskFolder((string Image, string Mask)[] pairs, int size, int classes, long cacheBytes)
    {
        (this.pairs, this.size, Classes) = (pairs, size, classes);
        images = new PictureCache(pairs.Length, i => Picture.Square(this.pairs[i].Image, size), cacheBytes / 2);
        masks = new PictureCache(pairs.Length, i => Picture.Square(this.pairs[i].Mask, size, isMask: true),
            cacheBytes / 2);
    }

    /// <summary>Finds pictures and their masks of the same name and divides them at random into two parts.</summary>
    /// <param name="images">Folder of the pictures.</param>
    /// <param name="masks">Folder of the masks: grey, not of a palette, without loss (PNG).</param>
    /// <param name="size">Pixels of a side.</param>
    /// <param name="classes">Number of classes: a mask holds 0 to one less, or 255.</param>
    /// <param name="validation">Share of the pictures to evaluate on; default a fifth.</param>
    /// <param name="seed">Another seed chooses other pictures.</param>
    /// <param name="cacheBytes">Bytes of decoded squares that each part keeps in memory; default 512 MiB.</param>
    /// <exception cref="UsageException">A folder is missing, a picture has no mask, or there are too few.</exception>
    public static (MaskFolder Train, MaskFolder Valid) Load(string images, string masks, int size, int classes,
        double validation = 0.2, ulong seed = 1, long cacheBytes = 512 << 20)
    {
        foreach (var folder in (string[])[images, masks])
            if (!Directory.Exists(folder)) throw new UsageException($"{folder}: there is no such folder of pictures");
        if (size < 1) throw new UsageException($"a picture's size must be at least 1, got {size}");
        var pairs = MaskPairs.Of(images, Picture.Find(images), masks, Picture.Find(masks), anywhere: true);
        var (train, valid) = PictureSplit.Of(pairs, validation, seed);
        var (kept, held) = (new MaskFolder(train, size, classes, cacheBytes), new MaskFolder(valid, size, classes, cacheBytes));
        BinaryMasks.Refuse(kept.Count, i => [.. kept.masks[i].Where((_, at) => at % 4 == 0)], i => kept.pairs[i].Mask);
        return (kept, held);
    }

    /// <inheritdoc/>
    public int Count => pairs.Length;
    /// <summary>One picture: 3 x size x size.</summary>
    public Shape Shape => new(3, size, size);
    /// <summary>Classes a pixel can have.</summary>
    public int Classes { get; }

    /// <inheritdoc/>
    public string? Origin(int sample) => pairs[sample].Image;

    /// <inheritdoc/>
    /// <exception cref="UsageException">A file is damaged, or a mask holds a value that is no class; the message names
    /// it.</exception>
    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        var plane = size * size;
        var (image, mask) = (new float[samples.Length * 3 * plane], new long[samples.Length * plane]);
        for (var i = 0; i < samples.Length; i++)
        {
            Normalisation.ImageNet.Write(images[samples[i]], White, image.AsSpan(i * 3 * plane, 3 * plane));
            var grey = masks[samples[i]];
            for (var p = 0; p < plane; p++)
                mask[i * plane + p] = grey[4 * p] is Unlabelled ? Ignored : grey[4 * p] < Classes ? grey[4 * p]
                    : throw new UsageException($"{pairs[samples[i]].Mask}: pixel ({p % size}, {p / size}) has the value {grey[4 * p]}, which is none of the {Classes} classes nor 255");
        }
        return new Batch([new("image", tensor(image, Shape.WithBatch(samples.Length)))],
            [new("mask", tensor(mask, samples.Length, size, size))]);
    }
}
