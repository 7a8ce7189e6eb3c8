using System.Globalization;
using System.Text.RegularExpressions;
using CsvHelper;

namespace Interactive.Data;

/// <summary>
/// The columns of a CSV file (RFC 4180, a header line; <c>.tsv</c> separates by tabs; <c>.gz</c> is unpacked), each of
/// numbers or of categories.
/// </summary>
internal sealed partial class CsvTable : ITable
{
    private readonly List<int> lines = []; // of the file, by row
    private readonly string path;

    /// <summary>Reads the wanted columns.</summary>
    /// <param name="path">The file.</param>
    /// <param name="wanted">The columns' names, or null for all of them.</param>
    /// <param name="skipMissing">Leave rows out in which a wanted value is missing, instead of refusing them; null where who reads has no such choice.</param>
    public CsvTable(string path, IReadOnlyList<string>? wanted, bool? skipMissing)
    {
        this.path = path;
        try { Read(wanted, skipMissing); }
        catch (Exception e) when (e is BadDataException or InvalidDataException or System.Text.DecoderFallbackException) { throw CsvFile.Damaged(path, e); }
        if (lines.Count == 0)
            throw new UsageException($"{path}: there is no row{(skipMissing == true ? " without missing values" : "")}");
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
    public double[]? Numbers(string name)
    {
        var texts = columns[name];
        if (!TryNumber(texts[0], out _)) return MeansNumber(texts[0])
            ? throw new UsageException($"{Place(0, name)}: '{texts[0]}' is read neither as a number nor as a category: a number has a point before its decimals and nothing between thousands (1234.5); name the column among the categories if it holds some")
            : null;
        var numbers = new double[texts.Count];
        for (var row = 0; row < texts.Count; row++)
            if (TryNumber(texts[row], out numbers[row]))
            {
                if (!float.IsFinite((float)numbers[row])) throw new UsageException($"{Place(row, name)}: {texts[row]} is not a finite number of 32 bits");
            }
            else throw new UsageException($"{Place(row, name)}: '{texts[row]}' is not a number, but the first value is; name the column among the categories if it holds some");
        return numbers;
    }

    /// <inheritdoc/>
    public string Place(int row, string name) => $"{path}, line {lines[row]}, column '{name}'";

    private void Read(IReadOnlyList<string>? wanted, bool? skipMissing)
    {
        var (reader, way) = CsvFile.Open(path);
        using var parser = new CsvParser(reader, way);
        if (!parser.Read() || parser.Record is not { } record)
            throw new UsageException($"{path}: the file is empty; its first line names the columns");
        string[] header = [.. record.Select(name => name.Trim())];
        CsvFile.RequireSeparated(path, header);
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
                if (skipMissing == true) continue;
                var help = skipMissing is null ? "a prediction needs every value" : "say skipMissing: true to leave such rows out";
                throw new UsageException($"{path}, line {parser.RawRow}, column '{Names[missing]}': the value is missing ('{parser[at[missing]]}'); {help}");
            }
            lines.Add(parser.RawRow);
            for (var i = 0; i < at.Length; i++) columns[Names[i]].Add(parser[at[i]].Trim());
        }
    }

    private static bool TryNumber(string text, out double number)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);

    // 1,5 and 1.234,5 and 1 000 and 5 % and -inf: taken for categories, each value would have a column of its own.
    [GeneratedRegex(@"^[-+]?([$€£]? ?\d+([.,' \u00A0\u202F]\d+)*([eE][-+]?\d+)? ?[%$€£]?|inf|nan)$", RegexOptions.IgnoreCase)]
    private static partial Regex Meant();

    private static bool MeansNumber(string text) => Meant().IsMatch(text) && !DateTime.TryParseExact(text,
        ["d.M.yyyy", "yyyy.M.d", "d.M.yy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
