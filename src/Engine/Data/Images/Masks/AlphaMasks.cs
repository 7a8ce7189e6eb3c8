using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>
/// Pictures with an alpha channel, such as icons, as samples of segmentation: the picture lies over a colour drawn for
/// it, and the mask says where it is (1) and where the colour shows (0). Training draws another colour each epoch.
/// Input <c>image</c> (batch, 3, size, size) fp32, target <c>mask</c> (batch, size, size) int64.
/// </summary>
public sealed class AlphaMasks : IBatchSource
{
    private readonly string[] files;
    private readonly int size;
    private readonly PictureCache cache;

    private AlphaMasks(string[] files, int size, long cacheBytes)
    {
        (this.files, this.size) = (files, size);
        cache = new PictureCache(files.Length, i => Picture.Square(this.files[i], size), cacheBytes);
    }

    /// <summary>
    /// Finds the pictures with an alpha channel anywhere below a folder and divides them at random into two parts.
    /// </summary>
    /// <param name="folder">Such as <c>/usr/share/icons/Adwaita/96x96</c> of Debian's package
    /// adwaita-icon-theme.</param>
    /// <param name="size">Pixels of a side.</param>
    /// <param name="validation">Share of the pictures to evaluate on; default a fifth.</param>
    /// <param name="seed">Another seed chooses other pictures.</param>
    /// <param name="cacheBytes">Bytes of decoded squares that each part keeps in memory; default 512 MiB.</param>
    /// <exception cref="UsageException">The folder is missing or holds too few such pictures.</exception>
    public static (AlphaMasks Train, AlphaMasks Valid) Load(string folder, int size, double validation = 0.2,
        ulong seed = 1, long cacheBytes = 512 << 20)
    {
        if (!Directory.Exists(folder)) throw new UsageException($"{folder}: there is no such folder of pictures");
        if (size < 1) throw new UsageException($"a picture's size must be at least 1, got {size}");
        var files = Picture.Find(folder).Where(Picture.HasAlpha).ToArray();
        if (files.Length == 0) throw new UsageException($"{folder}: there is no picture with an alpha channel");
        var (train, valid) = PictureSplit.Of(files, validation, seed);
        return (new(train, size, cacheBytes), new(valid, size, cacheBytes));
    }

    /// <inheritdoc/>
    public int Count => files.Length;
    /// <summary>One picture: 3 x size x size.</summary>
    public Shape Shape => new(3, size, size);
    /// <summary>Two: background and picture.</summary>
    public int Classes => 2;
    /// <summary>The files, by sample number.</summary>
    public IReadOnlyList<string> Files => files;

    /// <inheritdoc/>
    public string? Origin(int sample) => files[sample];

    /// <inheritdoc/>
    /// <exception cref="UsageException">A file is damaged; the message names it.</exception>
    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        var plane = size * size;
        var (images, masks) = (new float[samples.Length * 3 * plane], new long[samples.Length * plane]);
        for (var i = 0; i < samples.Length; i++)
        {
            var rgba = cache[samples[i]];
            var random = new CounterRandom(seed, (ulong)(epoch + 1 ?? 0) << 32 | (uint)samples[i]);
            float[] colour = [random.Next(256), random.Next(256), random.Next(256)];
            Normalisation.ImageNet.Write(rgba, colour, images.AsSpan(i * 3 * plane, 3 * plane));
            for (var p = 0; p < plane; p++) masks[i * plane + p] = rgba[4 * p + 3] >= 128 ? 1 : 0;
        }
        return new Batch([new("image", tensor(images, Shape.WithBatch(samples.Length)))],
            [new("mask", tensor(masks, samples.Length, size, size))]);
    }
}
