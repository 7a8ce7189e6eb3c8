namespace Interactive.Data;

/// <summary>
/// Data sets from what people have: <c>Dataset.FromFolder("photos").Images(x => x.RandomResizedCrop(224).Flip())</c>.
/// </summary>
public static class Dataset
{
    /// <summary>The samples of a list; it is not copied.</summary>
    /// <param name="samples">Any list.</param>
    /// <param name="classOf">A sample's class, for splits and weights by class; default not known.</param>
    /// <param name="classNames">The classes' names; default none.</param>
    public static IDataset<T> Of<T>(IReadOnlyList<T> samples, Func<T, int>? classOf = null,
        IReadOnlyList<string>? classNames = null)
        => new ListDataset<T>(samples, classOf, classNames ?? []);

    /// <summary>The samples of anything that can be enumerated; they are read once, now, and kept.</summary>
    /// <param name="samples">Any sequence that ends.</param>
    /// <param name="classOf">A sample's class; default not known.</param>
    /// <param name="classNames">The classes' names; default none.</param>
    public static IDataset<T> Of<T>(IEnumerable<T> samples, Func<T, int>? classOf = null,
        IReadOnlyList<string>? classNames = null)
        => new ListDataset<T>([.. samples], classOf, classNames ?? []);

    /// <summary>
    /// A folder of pictures with a subfolder a class, by torchvision's rules: classes in ordinal order, pictures
    /// anywhere below.
    /// </summary>
    /// <exception cref="UsageException">The folder is missing, has no class folder, or a class has no
    /// picture.</exception>
    public static IDataset<EncodedImage> FromFolder(string folder) => new ImageFiles(folder);

    /// <summary>
    /// Pictures with a mask each of the same name: <c>images/cat.jpg</c> and <c>masks/cat.png</c>, whose grey value is
    /// a pixel's class and 255 counts for none.
    /// </summary>
    /// <exception cref="UsageException">A folder is missing, there is no picture, or one has no mask.</exception>
    public static IDataset<EncodedImage> FromFolders(string images, string masks) => new ImageMaskFiles(images, masks);

    /// <summary>MDS shards, as MosaicML Streaming and <see cref="MdsWriter"/> write them.</summary>
    /// <param name="folder">The folder of <c>index.json</c>.</param>
    /// <exception cref="UsageException">There is no index, or a shard is missing, cut short or packed.</exception>
    public static IDataset<DataRecord> FromMds(string folder) => new MdsDataset(folder);

    /// <summary>
    /// Tar archives in WebDataset's way. Where its samples lie is kept beside each archive as <c>NAME.tar.index</c>.
    /// </summary>
    /// <param name="pattern">A file, <c>train-*.tar</c>, or <c>train-{000000..000099}.tar</c>.</param>
    /// <exception cref="UsageException">A file is missing, no tar or cut short.</exception>
    public static IDataset<DataRecord> FromWebDataset(string pattern) => new WebDataset(pattern);

    /// <summary>Token files of Megatron-LM, one sample a sequence.</summary>
    /// <param name="name">The files' name without <c>.bin</c> and <c>.idx</c>.</param>
    /// <exception cref="UsageException">A file is missing or damaged.</exception>
    public static IDataset<int[]> FromTokens(string name) => MegatronFile.Read(name);

    /// <summary>Text files as windows of tokens.</summary>
    /// <param name="pattern">A file, or <c>books/*.txt</c>.</param>
    /// <param name="tokenizer">Such as <see cref="Tokenizer.Load"/>'s.</param>
    /// <param name="context">Tokens a window.</param>
    /// <exception cref="UsageException">A file is missing, or the text is shorter than a window.</exception>
    public static TokenDataset FromText(string pattern, ITokenizer tokenizer, int context)
        => TokenDataset.FromFiles(FilePattern.Expand(pattern), tokenizer, context);

    /// <summary>
    /// Pictures of any kind of source: a folder of class folders, a folder of MDS shards or of tar archives, or a
    /// pattern of archives.
    /// </summary>
    /// <param name="source">A path or a pattern.</param>
    /// <exception cref="UsageException">There is nothing like that.</exception>
    public static IDataset<EncodedImage> FromImages(string source)
    {
        if (source.EndsWith(".tar", StringComparison.OrdinalIgnoreCase)) return FromWebDataset(source).AsImages();
        if (!Directory.Exists(source)) throw new UsageException($"{source}: there is no such folder; give a folder of class folders, of MDS shards or of tar archives, or archives such as 'train-*.tar'");
        if (File.Exists(Path.Combine(source, MdsIndex.FileName))) return FromMds(source).AsImages();
        return Directory.EnumerateFiles(source, "*.tar").Any()
            ? FromWebDataset(Path.Combine(source, "*.tar")).AsImages() : FromFolder(source);
    }

    /// <summary>
    /// What is wrong with the files of a source besides its samples, such as a shard whose hash is another one; a line
    /// each.
    /// </summary>
    /// <param name="source">As <see cref="FromImages"/> takes it.</param>
    public static IEnumerable<string> Problems(string source)
        => Directory.Exists(source) && File.Exists(Path.Combine(source, MdsIndex.FileName))
        ? new MdsDataset(source).Problems() : [];
}
