namespace Interactive.Data;

/// <summary>
/// Rows of Parquet files as records. A row lies in a row group, which is decoded whole: decoded groups are kept up to a
/// bound of bytes, and the one that was used longest ago goes first. Safe to read from several threads.
/// </summary>
internal sealed class ParquetDataset : IDataset<DataRecord>
{
    private readonly (string Path, ParquetFile File, int Group)[] groups;
    private readonly int[] ends;
    private readonly ParquetGroups kept;

    /// <param name="names">The files, as messages call them.</param>
    /// <param name="bound">Bytes of decoded groups kept at most.</param>
    /// <param name="locate">Where a file lies on this machine; default under its name.</param>
    /// <exception cref="UsageException">A file is missing or damaged, or their columns differ.</exception>
    public ParquetDataset(string[] names, long bound, Func<string, string>? locate = null)
    {
        (string Path, ParquetFile File)[] files = [.. names
            .Select(name => (name, new ParquetFile(locate?.Invoke(name) ?? name)))];
        foreach (var (path, file) in files)
            if (!file.Columns.SequenceEqual(files[0].File.Columns)) throw new UsageException($"{path} has the columns {string.Join(", ", file.Columns)}, {files[0].Path} has {string.Join(", ", files[0].File.Columns)}");
        groups = [.. files.SelectMany(f => Enumerable.Range(0, f.File.Rows.Count)
            .Where(i => f.File.Rows[i] > 0).Select(i => (f.Path, f.File, i)))];
        if (groups.Length == 0) throw new UsageException($"{names[0]}: there is no row");
        ends = new int[groups.Length];
        for (int i = 0, end = 0; i < groups.Length; i++) ends[i] = end =
            checked(end + groups[i].File.Rows[groups[i].Group]);
        ClassNames = files[0].File.ClassNames is { Count: > 0 } told ? told
            : locate is null ? ClassNamesFile.Read(Path.GetDirectoryName(Path.GetFullPath(names[0]))!) : [];
        kept = new ParquetGroups(i => groups[i].File.Read(groups[i].Group), bound);
    }

    public int Count => ends[^1];
    public IReadOnlyList<string> ClassNames { get; }

    public string Origin(int index)
    {
        var (group, row) = Find(index);
        return $"{groups[group].Path}, row group {groups[group].Group}, row {row}";
    }

    public DataRecord this[int index]
    {
        get
        {
            var (group, row) = Find(index);
            return new DataRecord(kept[group].Where(c => c.Value[row] is not null).ToDictionary(c => c.Key,
                c => c.Value[row]!));
        }
    }

    private (int Group, int Row) Find(int index)
    {
        if ((uint)index >= (uint)Count) throw new ArgumentOutOfRangeException(nameof(index), $"there is no sample {index}: the data set has {Count}");
        var group = Array.BinarySearch(ends, index + 1);
        if (group < 0) group = ~group;
        return (group, index - (group == 0 ? 0 : ends[group - 1]));
    }
}
