namespace Interactive.Data;

/// <summary>Sounds of a folder with a subfolder a class, found as pictures are; read when they are asked for.</summary>
internal sealed class SoundFiles : IDataset<EncodedSound>
{
    private static readonly HashSet<string> Endings = new([".wav", ".ogg", ".oga"], StringComparer.OrdinalIgnoreCase);

    private readonly string folder;
    private readonly (string Path, int Class)[] files;

    /// <exception cref="UsageException">The folder is missing, has no class folder, or a class has no
    /// sound.</exception>
    public SoundFiles(string folder, IReadOnlyList<string>? classes = null)
    {
        if (!Directory.Exists(folder)) throw new UsageException($"{folder}: there is no such folder of sounds");
        this.folder = folder;
        (ClassNames, files) = ClassFolders.Find(folder, classes, "sound", Find, Endings);
    }

    private static IEnumerable<string> Find(string folder)
        => ClassFolders.Below(folder)
            .Where(path => Endings.Contains(Path.GetExtension(path)))
            .OrderBy(path => Path.GetDirectoryName(path), StringComparer.Ordinal).ThenBy(Path.GetFileName,
                StringComparer.Ordinal);

    public int Count => files.Length;
    public EncodedSound this[int index] => new(File.ReadAllBytes(files[index].Path), files[index].Class,
        Path.GetRelativePath(folder, files[index].Path));
    public string Origin(int index) => files[index].Path;
    public int? ClassOf(int index) => files[index].Class;
    public IReadOnlyList<string> ClassNames { get; }
}
