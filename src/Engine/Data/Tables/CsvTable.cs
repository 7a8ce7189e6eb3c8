using System.Globalization;
using CsvHelper;

namespace Interactive.Data;

/// <summary>
/// The columns of a CSV file (RFC 4180, a header line; <c>.tsv</c> separates by tabs; <c>.gz</c> is unpacked), each of
/// numbers or of categories.
/// </summary>
internal sealed class CsvTable : ITable
{
    private readonly List<int> lines = []; // of the file, by row
    private readonly string path;

    /// <summary>Reads the wanted columns.</summary>
    /// <param name="path">The file.</param>
    /// <param name="wanted">The columns' names, or null for all of them.</param>
    /// <param name="skipMissing">Leave rows out in which a wanted value is missing, instead of refusing them.</param>
    public CsvTable(string path, IReadOnlyList<string>? wanted, bool skipMissing)
    {
        this.path = path;
        try { Read(wanted, skipMissing); }
        catch (Exception e) when (e is BadDataException or InvalidDataException) { throw CsvFile.Damaged(path, e); }
        if (lines.Count == 0)
            throw new UsageException($"{path}: there is no row{(skipMissing ? " without missing values" : "")}");
    }

    private readonly Dictionary<string, List<string>> columns = [];

    /// <summary>Each row's line in the file.</summary>
    public IReadOnlyList<int> Lines => lines;
    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; private set; } = [];
    /// <inheritdoc/>
    public int Count => lines.Count;
    /// <inheritdoc/>
    public IReadOnlyList<string> Texts(string name) => columns[name];

    /// <summary>A column's numbers, or null where its first value is none: then it holds categories.</summary>
    /// <exception cref="UsageException">A later value is no number.</exception>
    public float[]? Numbers(string name)
    {
        var texts = columns[name];
        if (!TryNumber(texts[0], out _)) return null;
        var numbers = new float[texts.Count];
        for (var row = 0; row < texts.Count; row++)
            if (TryNumber(texts[row], out numbers[row]))
            {
                if (!float.IsFinite(numbers[row])) throw new UsageException($"{path}, line {lines[row]}, column '{name}': {texts[row]} is not a finite number of 32 bits");
            }
            else throw new UsageException($"{path}, line {lines[row]}, column '{name}': '{texts[row]}' is not a number, but the first value is; name the column among the categories if it holds some");
        return numbers;
    }

    private void Read(IReadOnlyList<string>? wanted, bool skipMissing)
    {
        var (reader, way) = CsvFile.Open(path);
        using var parser = new CsvParser(reader, way);
        if (!parser.Read() || parser.Record is not { } header)
            throw new UsageException($"{path}: the file is empty; its first line names the columns");
        if (header.GroupBy(name => name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UsageException($"{path}: two columns have the name '{twice.Key}'");
        Names = wanted ?? header;
        foreach (var name in Names)
            if (!header.Contains(name)) throw new UsageException($"{path}: there is no column '{name}'; the columns are {string.Join(", ", header)}");
            else if (!columns.TryAdd(name, [])) throw new UsageException($"column '{name}' is asked for twice");
        var at = Names.Select(name => Array.IndexOf(header, name)).ToArray();
        while (parser.Read())
        {
            if (parser.Count != header.Length) throw new UsageException($"{path}, line {parser.RawRow}: {parser.Count} values, the header names {header.Length} columns");
            if (Array.FindIndex(at, column => CsvFile.Missing.Contains(parser[column].Trim())) is >= 0 and var missing)
            {
                if (skipMissing) continue;
                throw new UsageException($"{path}, line {parser.RawRow}, column '{Names[missing]}': the value is missing ('{parser[at[missing]]}'); say skipMissing: true to leave such rows out");
            }
            lines.Add(parser.RawRow);
            for (var i = 0; i < at.Length; i++) columns[Names[i]].Add(parser[at[i]].Trim());
        }
    }

    private static bool TryNumber(string text, out float number)
        => float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
}
