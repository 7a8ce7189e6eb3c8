namespace Interactive.Data;

/// <summary>
/// Samples of tar archives in WebDataset's way: neighbours whose paths agree up to the first dot of the file name are
/// one sample, the rest in small letters names the column. With the side index, the number of samples is known and each
/// is read alone.
/// </summary>
internal sealed class WebDataset : IDataset<DataRecord>, IDisposable
{
    private readonly List<(int File, string Key, TarMember[] Members)> samples = [];
    private readonly string[] files, names;
    private readonly OpenFiles open = new();

    /// <param name="names">The archives, as messages call them.</param>
    /// <param name="locate">Where an archive lies on this machine; default under its name.</param>
    /// <exception cref="UsageException">A file is missing, no tar or cut short, or a sample has a column
    /// twice.</exception>
    public WebDataset(string[] names, Func<string, string>? locate = null)
    {
        this.names = names;
        files = locate is null ? names : Locate(names, locate);
        for (var i = 0; i < files.Length; i++) Add(i);
        if (samples.Count == 0)
            throw new UsageException($"{names[0]}: there is no sample (a file whose name has a dot)");
        ClassNames = ClassNamesFile.Read(Path.GetDirectoryName(Path.GetFullPath(files[0]))!);
    }

    private static string[] Locate(string[] names, Func<string, string> locate)
    {
        const int AtOnce = 8;
        var paths = new string[names.Length];
        try
        {
            Parallel.For(0, names.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            i => paths[i] = locate(names[i]));
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<UsageException>().FirstOrDefault() is { } first) { throw new UsageException(first.Message); }
        return paths;
    }

    private void Add(int file)
    {
        var group = new List<TarMember>();
        string? key = null;
        foreach (var member in TarIndex.Of(files[file]).Append(default))
        {
            if (member.Path is not null && Split(member.Path) is null) continue;
            var next = member.Path is null ? null : Split(member.Path)!.Value.Key;
            if (next != key && group.Count > 0)
            {
                if (group.CountBy(m => Split(m.Path)!.Value.Column)
                    .FirstOrDefault(c => c.Value > 1) is { Key: { } twice })
                    throw new UsageException($"{names[file]}: sample '{key}' has .{twice} twice");
                samples.Add((file, key!, [.. group]));
                group.Clear();
            }
            key = next;
            if (member.Path is not null) group.Add(member);
        }
    }

    /// <summary>A path's key and column; null for names without a dot or with one in front.</summary>
    internal static (string Key, string Column)? Split(string path)
    {
        var name = path.LastIndexOf('/') + 1;
        var dot = path.IndexOf('.', name);
        return dot <= name ? null : (path[..dot], path[(dot + 1)..].ToLowerInvariant());
    }

    public int Count => samples.Count;
    public IReadOnlyList<string> ClassNames { get; }
    public string Origin(int index) => $"{names[samples[index].File]}, {samples[index].Key}";

    public DataRecord this[int index]
    {
        get
        {
            var (file, key, members) = samples[index];
            var values = new Dictionary<string, object> { ["__key__"] = key };
            foreach (var member in members)
            {
                if (member.Length > Array.MaxLength) throw new InvalidDataException($"its .{Split(member.Path)!.Value.Column} has {member.Length} bytes, more than the {Array.MaxLength} of a value");
                values[Split(member.Path)!.Value.Column] = Value(Split(member.Path)!.Value.Column,
                    open.Read(files[file], member.Offset, (int)member.Length));
            }
            return new DataRecord(values);
        }
    }

    private static object Value(string column, byte[] bytes) => column[(column.LastIndexOf('.') + 1)..] switch
    {
        "pkl" or "pyd" or "pickle"
            => throw new UsageException($"its .{column} is a pickle, which runs code when it is read"),
        "txt" or "text" or "json" => System.Text.Encoding.UTF8.GetString(bytes),
        "cls" or "index" or "count"
            => DataRecord.Whole(bytes) ?? throw new InvalidDataException($"its .{column} is no number"),
        _ => (ReadOnlyMemory<byte>)bytes,
    };

    public void Dispose() => open.Dispose();
}
