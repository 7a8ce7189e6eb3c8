using Interactive.Graphs;

namespace Interactive.Data;

/// <summary>
/// A folder of pictures with a subfolder a class, as torchvision reads it: classes are the subfolders in ordinal order,
/// and a picture belongs to the class below which it lies. A picture is decoded when it is first read, brought to a
/// square (shorter side to the size, bilinear, then the middle), laid over white where it is transparent, and
/// normalised to (3, size, size).
/// </summary>
public sealed class ImageFolder : IDataSource
{
    private readonly (string Path, int Class)[] pictures;
    private readonly int size;
    private readonly Normalisation normalisation;
    private readonly PictureCache cache;

    private ImageFolder((string, int)[] pictures, IReadOnlyList<string> classes, int size, Normalisation normalisation,
        long cacheBytes)
    {
        (this.pictures, ClassNames, this.size, this.normalisation) = (pictures, classes, size, normalisation);
        cache = new PictureCache(pictures.Length, i => Picture.Square(this.pictures[i].Path, size), cacheBytes);
    }

    /// <summary>Finds the pictures (PNG, JPEG, WebP, BMP, GIF) and divides them at random into two parts.</summary>
    /// <param name="folder">The folder of the class folders.</param>
    /// <param name="size">Pixels of a side.</param>
    /// <param name="validation">Share of the pictures to evaluate on; default a fifth.</param>
    /// <param name="seed">Another seed chooses other pictures.</param>
    /// <param name="normalisation">Default <see cref="Normalisation.ImageNet"/>.</param>
    /// <param name="cacheBytes">Bytes of decoded squares that each part keeps in memory; default 512 MiB.</param>
    /// <param name="classes">The subfolders that are read, in this order; default all, in ordinal order.</param>
    /// <exception cref="UsageException">The folder is missing, holds no class folder, a class has no picture, or a part
    /// would be empty.</exception>
    public static (ImageFolder Train, ImageFolder Valid) Load(string folder, int size, double validation = 0.2,
        ulong seed = 1, Normalisation? normalisation = null, long cacheBytes = 512 << 20,
        IReadOnlyList<string>? classes = null)
    {
        if (!Directory.Exists(folder)) throw new UsageException($"{folder}: there is no such folder of pictures");
        if (size < 1) throw new UsageException($"a picture's size must be at least 1, got {size}");
        if (classes?.FirstOrDefault(name => !Directory.Exists(Path.Combine(folder, name))) is { } missing)
            throw new UsageException($"{folder}: there is no subfolder '{missing}'");
        classes ??= [.. Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)!)
            .Order(StringComparer.Ordinal)];
        if (classes.Count == 0)
            throw new UsageException($"{folder}: there is no subfolder; each is a class of pictures");
        var pictures = new List<(string, int)>();
        for (var i = 0; i < classes.Count; i++)
        {
            var found = Picture.Find(Path.Combine(folder, classes[i]));
            if (found.Length == 0) throw new UsageException($"{Path.Combine(folder, classes[i])}: class '{classes[i]}' has no picture ({string.Join(", ", Picture.Extensions)})");
            pictures.AddRange(found.Select(path => (path, i)));
        }
        var (train, valid) = PictureSplit.Of(pictures, validation, seed);
        return (new(train, classes, size, normalisation ?? Normalisation.ImageNet, cacheBytes),
            new(valid, classes, size, normalisation ?? Normalisation.ImageNet, cacheBytes));
    }

    /// <inheritdoc/>
    public int Count => pictures.Length;
    /// <summary>One picture: 3 x size x size.</summary>
    public Shape Shape => new(3, size, size);
    /// <inheritdoc/>
    public int Classes => ClassNames.Count;
    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }
    /// <inheritdoc/>
    public Normalisation Normalisation => normalisation;
    /// <summary>The files, by sample number.</summary>
    public IReadOnlyList<string> Files => [.. pictures.Select(p => p.Path)];

    /// <inheritdoc/>
    public int? ClassOf(int sample) => pictures[sample].Class;

    /// <inheritdoc/>
    public string? Origin(int sample) => pictures[sample].Path;

    /// <inheritdoc/>
    /// <exception cref="UsageException">The file is damaged or no picture; the message names it.</exception>
    public long Read(int index, Span<float> pixels)
    {
        normalisation.Write(cache[index], pixels);
        return pictures[index].Class;
    }
}
