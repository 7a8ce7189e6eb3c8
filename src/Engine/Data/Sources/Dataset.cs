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
    /// <param name="folder">The folder.</param>
    /// <param name="classes">
    /// The classes' names by number, such as the training set's <c>ClassNames</c> for a folder to evaluate on, which may lack some;
    /// default the subfolders' own.
    /// </param>
    /// <exception cref="UsageException">The folder is missing, has no class folder or one that is none of the classes, or a class
    /// folder has no picture.</exception>
    public static IDataset<EncodedImage> FromFolder(string folder, IReadOnlyList<string>? classes = null)
        => new ImageFiles(folder, classes);

    /// <summary>
    /// Pictures with a mask each of the same name: <c>images/cat.jpg</c> and <c>masks/cat.png</c>, whose grey value is
    /// (or number in the palette) is a pixel's class and 255 counts for none.
    /// </summary>
    /// <exception cref="UsageException">A folder is missing, there is no picture, or one has no mask.</exception>
    public static IDataset<EncodedImage> FromFolders(string images, string masks) => new ImageMaskFiles(images, masks);

    /// <summary>A folder of sounds with a subfolder a class: WAV and Ogg Vorbis anywhere below.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="classes">As for <see cref="FromFolder"/>.</param>
    /// <exception cref="UsageException">The folder is missing, has no class folder or one that is none of the classes, or a class
    /// folder has no sound.</exception>
    public static IDataset<EncodedSound> FromAudio(string folder, IReadOnlyList<string>? classes = null)
        => new SoundFiles(folder, classes);

    /// <summary>MDS shards, as MosaicML Streaming and <see cref="MdsWriter"/> write them.</summary>
    /// <param name="folder">The folder of <c>index.json</c>, or its address (http, https, s3). Shards of an address are
    /// kept on this machine in the user's cache folder, and compared with the index's hashes when they arrive; so are
    /// those packed by zstd.</param>
    /// <exception cref="UsageException">There is no index, or a shard is missing or cut short.</exception>
    public static IDataset<DataRecord> FromMds(string folder) => Mds(folder);

    internal static MdsDataset Mds(string folder, NodeFolder? node = null, Origin? origin = null,
        ClusterCache? cluster = null)
        => new(Origin.Has(folder) ? new RemoteShards(Origin.Address(folder), new(node, cluster, origin))
            : new FolderShards(folder, node ?? new()));

    /// <summary>
    /// Tar archives in WebDataset's way. Where its samples lie is kept beside each archive as <c>NAME.tar.index</c>.
    /// </summary>
    /// <param name="pattern">A file, <c>train-*.tar</c>, or <c>train-{000000..000099}.tar</c>; or an address (http,
    /// https, s3) of a file or of such a run, whose archives are fetched now and kept in the user's cache folder. A
    /// star in an address is for s3.</param>
    /// <exception cref="UsageException">A file is missing, no tar or cut short.</exception>
    public static IDataset<DataRecord> FromWebDataset(string pattern) => Tars(pattern);

    internal static WebDataset Tars(string pattern, NodeFolder? node = null, Origin? origin = null,
        ClusterCache? cluster = null)
    {
        if (!Origin.Has(pattern)) return new(FilePattern.Expand(pattern));
        var (names, locate) = RemoteFiles.Find(pattern, new(node, cluster, origin));
        return new(names, locate);
    }

    /// <summary>
    /// Rows of Parquet files as records: numbers, texts and bytes by their columns' names, of a struct's part
    /// <c>image.bytes</c>; columns of lists are not read, and an empty value has no column in its record. A row group
    /// is decoded whole: reading in random order is fast where the decoded groups find room.
    /// </summary>
    /// <param name="pattern">A file, <c>train-*.parquet</c>, or <c>train-{00..09}.parquet</c>; or an address, as for
    /// <see cref="FromWebDataset"/>.</param>
    /// <param name="kept">Bytes of decoded row groups kept at most; default 1 GiB.</param>
    /// <exception cref="UsageException">A file is missing or damaged, or their columns differ.</exception>
    public static IDataset<DataRecord> FromParquet(string pattern, long kept = 1L << 30)
        => Parquet(pattern, kept);

    internal static ParquetDataset Parquet(string pattern, long kept, NodeFolder? node = null, Origin? origin = null)
    {
        if (!Origin.Has(pattern)) return new(FilePattern.Expand(pattern), kept);
        var (names, locate) = RemoteFiles.Find(pattern, new(node, null, origin));
        return new(names, kept, locate);
    }

    /// <summary>
    /// Rows of a CSV file as records of a type: <c>record House(double Area, string Town, int? Rooms)</c>. A parameter
    /// or property is the column of its name, whatever its case and underscores; others are not read.
    /// </summary>
    /// <param name="path">The file, with a header line; <c>.tsv</c> separates by tabs, and <c>.gz</c> at the end is
    /// unpacked. It is read once, now.</param>
    /// <param name="classOf">A row's class, for splits and weights by class; default not known.</param>
    /// <param name="classNames">The classes' names; default none.</param>
    /// <exception cref="UsageException">A column is missing, a value is none of its type, or no finite number; the
    /// message names line and column. A missing value (empty, NA, NaN, null, ?) is taken by <c>double?</c> and its
    /// like.</exception>
    public static IDataset<T> FromCsv<T>(string path, Func<T, int>? classOf = null,
        IReadOnlyList<string>? classNames = null)
        => Of((IReadOnlyList<T>)CsvRecords.Read<T>(path), classOf, classNames);

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
    /// Pictures of any kind of source: a folder of class folders, a folder of MDS shards, of tar archives or of
    /// Parquet files, or a pattern of archives or Parquet files; or an address of one of these, where a web server needs
    /// the files' names and a bucket does not.
    /// </summary>
    /// <param name="source">A path or a pattern.</param>
    /// <exception cref="UsageException">There is nothing like that.</exception>
    public static IDataset<EncodedImage> FromImages(string source)
    {
        source = RemoteFiles.Resolve(source);
        if (source.EndsWith(".tar", StringComparison.OrdinalIgnoreCase)) return FromWebDataset(source).AsImages();
        if (source.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase)) return FromParquet(source).AsImages();
        if (Origin.Has(source)) return FromMds(source).AsImages();
        if (!Directory.Exists(source)) throw new UsageException($"{source}: there is no such folder; give a folder of class folders, of MDS shards, tar archives or Parquet files, or files such as 'train-*.tar'");
        if (File.Exists(Path.Combine(source, MdsIndex.FileName))) return FromMds(source).AsImages();
        if (Directory.EnumerateFiles(source, "*.tar").Any())
            return FromWebDataset(Path.Combine(source, "*.tar")).AsImages();
        return Directory.EnumerateFiles(source, "*.parquet").Any()
            ? FromParquet(Path.Combine(source, "*.parquet")).AsImages() : FromFolder(source);
    }

    /// <summary>
    /// What is wrong with the files of a source besides its samples, such as a shard whose hash is another one; a line
    /// each.
    /// </summary>
    /// <param name="source">As <see cref="FromImages"/> takes it.</param>
    public static IEnumerable<string> Problems(string source)
    {
        source = RemoteFiles.Resolve(source);
        var isMds = Origin.Has(source) ? !source.EndsWith(".tar", StringComparison.OrdinalIgnoreCase)
            && !source.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase)
            : Directory.Exists(source) && File.Exists(Path.Combine(source, MdsIndex.FileName));
        return isMds ? Mds(source).Problems() : [];
    }
}
