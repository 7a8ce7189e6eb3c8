using Parquet;
using Parquet.Schema;

namespace Interactive.Data;

/// <summary>A Parquet file: its columns, and its rows by row group.</summary>
internal sealed class ParquetFile
{
    private const string HuggingFace = "huggingface";
    private readonly string path;
    private readonly DataField[] fields;

    /// <exception cref="UsageException">It is missing, damaged, or has no column that is read.</exception>
    public ParquetFile(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"{path}: there is no such file");
        this.path = path;
        (fields, Unread, Rows, ClassNames) = Open(reader =>
        {
            var all = reader.Schema.GetDataFields();
            long[] rows = [.. Enumerable.Range(0, reader.RowGroupCount).Select(i =>
            {
                using var group = reader.OpenRowGroupReader(i);
                return group.RowCount;
            })];
            return (all.Where(ParquetColumn.IsRead).ToArray(), all
                .Where(f => !ParquetColumn.IsRead(f)).Select(ParquetColumn.Name).ToArray(),
                Array.ConvertAll(rows, r => checked((int)r)),
                    HuggingFaceClasses.Read(reader.CustomMetadata.GetValueOrDefault(HuggingFace)));
        });
        if (fields.Length == 0) throw new UsageException($"{path}: no column holds numbers, texts or bytes ({string.Join(", ", Unread)})");
    }

    /// <summary>The columns' names.</summary>
    public IReadOnlyList<string> Columns => [.. fields.Select(ParquetColumn.Name)];
    /// <summary>Columns of lists and maps, which records do not hold.</summary>
    public IReadOnlyList<string> Unread { get; }
    /// <summary>Rows of each row group.</summary>
    public IReadOnlyList<int> Rows { get; }
    /// <summary>The classes' names that Hugging Face's writer puts beside a data set; else none.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Columns of a row group, a value a row of each.</summary>
    public Dictionary<string, object?[]> Read(int group, IReadOnlyCollection<string>? columns = null) => Open(reader =>
    {
        using var rows = reader.OpenRowGroupReader(group);
        return fields.Where(f => columns?.Contains(ParquetColumn.Name(f)) != false)
            .ToDictionary(ParquetColumn.Name, f => ParquetColumn.Read(rows, f));
    });

    // The library throws what it stumbles over: of a damaged file that may be anything.
    private T Open<T>(Func<ParquetReader, T> read)
    {
        ParquetReader? reader = null;
        try
        {
            reader = ParquetReader.CreateAsync(path).GetAwaiter().GetResult();
            return read(reader);
        }
        catch (Exception e) when (e is not (UsageException or OutOfMemoryException or UnauthorizedAccessException))
        {
            throw new UsageException($"{path}: no Parquet file, damaged or cut short ({e.Message.ReplaceLineEndings(" ")})");
        }
        finally { reader?.DisposeAsync().AsTask().GetAwaiter().GetResult(); }
    }
}
