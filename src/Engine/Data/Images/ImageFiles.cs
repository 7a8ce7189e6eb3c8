namespace Interactive.Data;

/// <summary>
/// Pictures of a folder with a subfolder a class, as torchvision finds them; read when they are asked for.
/// </summary>
internal sealed class ImageFiles : IDataset<EncodedImage>
{
    // torchvision's list: what cannot be decoded is an error that names the file, not a picture that is missing.
    private static readonly HashSet<string> Endings = new([".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif",
        ".tiff", ".webp"], StringComparer.OrdinalIgnoreCase);

    private readonly string folder;
    private readonly (string Path, int Class)[] files;

    /// <exception cref="UsageException">The folder is missing, has no class folder, or a class has no
    /// picture.</exception>
    public ImageFiles(string folder, IReadOnlyList<string>? classes = null)
    {
        if (!Directory.Exists(folder)) throw new UsageException($"{folder}: there is no such folder of pictures");
        this.folder = folder;
        (ClassNames, files) = ClassFolders.Find(folder, classes, "picture", below => Find(below), Endings);
    }

    /// <summary>Whether a folder has a subfolder with a picture: what this reads.</summary>
    public static bool Takes(string folder)
        => Directory.EnumerateDirectories(folder)
        .Any(sub => Directory.EnumerateFiles(sub, "*", SearchOption.AllDirectories).Any(IsPicture));

    /// <summary>All pictures anywhere below a folder: folder by folder, and by name within each.</summary>
    public static IEnumerable<string> Find(string folder)
        => ClassFolders.Below(folder).Where(IsPicture)
            .OrderBy(path => Path.GetDirectoryName(path), StringComparer.Ordinal).ThenBy(Path.GetFileName,
            StringComparer.Ordinal);

    private static bool IsPicture(string path) => Endings.Contains(Path.GetExtension(path));

    public int Count => files.Length;
    public EncodedImage this[int index]
        => new(File.ReadAllBytes(files[index].Path), files[index].Class,
        Path.GetRelativePath(folder, files[index].Path));
    public string Origin(int index) => files[index].Path;
    public int? ClassOf(int index) => files[index].Class;
    public IReadOnlyList<string> ClassNames { get; }
}
