using System.Globalization;

namespace Interactive.Data;

/// <summary>The columns of a Parquet file, each of numbers or of categories.</summary>
internal sealed class ParquetTable : ITable
{
    private readonly string path;
    private readonly Dictionary<string, List<object>> columns;
    private readonly List<int> rows = []; // of the file

    /// <summary>Reads the wanted columns.</summary>
    /// <param name="path">The file.</param>
    /// <param name="wanted">The columns' names, or null for all of them.</param>
    /// <param name="skipMissing">Leave rows out in which a wanted value is missing, instead of refusing them.</param>
    public ParquetTable(string path, IReadOnlyList<string>? wanted, bool skipMissing)
    {
        this.path = path;
        var file = new ParquetFile(path);
        Names = wanted ?? file.Columns;
        foreach (var name in Names)
            if (file.Unread.Contains(name)) throw new UsageException($"{path}: column '{name}' holds lists or maps; numbers, texts and bytes are read");
            else if (!file.Columns.Contains(name)) throw new UsageException($"{path}: there is no column '{name}'; the columns are {string.Join(", ", file.Columns)}");
        if (Names.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new UsageException($"column '{twice.Key}' is asked for twice");
        columns = Names.ToDictionary(name => name, _ => new List<object>());
        var begin = 0;
        for (var i = 0; i < file.Rows.Count; begin += file.Rows[i++]) Add(file.Read(i, [.. Names]), begin,
            file.Rows[i], skipMissing);
        if (rows.Count == 0) throw new UsageException($"{path}: there is no row{(skipMissing ? " without missing values" : "")}");
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }
    /// <inheritdoc/>
    public int Count => rows.Count;

    private void Add(Dictionary<string, object?[]> group, int begin, int count, bool skipMissing)
    {
        for (var row = 0; row < count; row++)
        {
            if (Names.FirstOrDefault(name => group[name][row] is null or double.NaN) is { } missing)
            {
                if (skipMissing) continue;
                throw new UsageException($"{path}, row {begin + row}, column '{missing}': the value is missing; say skipMissing: true to leave such rows out");
            }
            rows.Add(begin + row);
            foreach (var name in Names) columns[name].Add(group[name][row]!);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Texts(string name) => [.. columns[name].Select((value, row) => value switch
    {
        string text => text,
        ReadOnlyMemory<byte> bytes => throw new UsageException($"{Place(row, name)}: {bytes.Length} bytes are no category"),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    })];

    /// <inheritdoc/>
    public double[]? Numbers(string name)
    {
        var values = columns[name];
        if (values[0] is not (long or double)) return null;
        var numbers = new double[values.Count];
        for (var row = 0; row < numbers.Length; row++)
            numbers[row] = Convert.ToDouble(values[row], CultureInfo.InvariantCulture) is var number
                && float.IsFinite((float)number) ? number
                : throw new UsageException($"{Place(row, name)}: {values[row]} is not a finite number of 32 bits");
        return numbers;
    }

    /// <inheritdoc/>
    public string Place(int row, string name) => $"{path}, row {rows[row]}, column '{name}'";
}
