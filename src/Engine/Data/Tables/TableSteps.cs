using System.Text.Json;
using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>What becomes of a column of a table: standardised numbers, or a 1 at its category.</summary>
/// <param name="Name">As the header names it.</param>
/// <param name="Mean">Subtracted from numbers.</param>
/// <param name="Deviation">By what they are divided then.</param>
/// <param name="Categories">In the net's order; null for numbers.</param>
internal sealed record TableStep(string Name, double Mean, double Deviation, string[]? Categories);

/// <summary>How rows of a table became a net's numbers, and its number a value, as a text that a kept model holds.</summary>
/// <param name="Target">The column that is told.</param>
/// <param name="Mean">Added to a number that the net gives.</param>
/// <param name="Deviation">By what it is multiplied before.</param>
/// <param name="Columns">Those that the net reads, in order.</param>
internal sealed record TableSteps(string Target, double Mean, double Deviation, TableStep[] Columns)
{
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The text.</summary>
    public string Write() => JsonSerializer.Serialize(this, json);

    /// <summary>Of a text.</summary>
    /// <exception cref="UsageException">It is none such.</exception>
    public static TableSteps Parse(string text)
    {
        try
        {
            if (JsonSerializer.Deserialize<TableSteps>(text, json) is { Target: not null, Columns: { Length: > 0 } columns } steps
                && columns.All(c => c is { Name: not null } && (c.Categories ?? [""]) is { Length: > 0 } names && names.All(n => n is not null))) return steps;
        }
        catch (JsonException) { } // told below
        throw new UsageException("the model's columns of a table cannot be read");
    }

    /// <summary>Rows of a CSV file with a header line, as the net was given those that it learned from.</summary>
    /// <returns>(rows, features), and each row's line in the file.</returns>
    /// <exception cref="UsageException">A column is missing, or a value is none of what the column holds.</exception>
    public (Tensor Rows, IReadOnlyList<int> Lines) Read(string path)
    {
        var table = new CsvTable(path, [.. Columns.Select(c => c.Name)], skipMissing: null);
        var width = Columns.Sum(c => c.Categories?.Length ?? 1);
        var (numbers, at) = (new float[table.Count * width], 0);
        foreach (var column in Columns)
        {
            if (column.Categories is { } categories)
            {
                var texts = table.Texts(column.Name);
                for (var row = 0; row < texts.Count; row++)
                    if (Array.IndexOf(categories, texts[row]) is >= 0 and var category) numbers[row * width + at + category] = 1;
                    else throw new UsageException($"{path}, line {table.Lines[row]}, column '{column.Name}': '{texts[row]}' is none of {string.Join(", ", categories)}, which the net has learned");
            }
            else
            {
                var values = table.Numbers(column.Name)
                    ?? throw new UsageException($"{path}, line {table.Lines[0]}, column '{column.Name}': '{table.Texts(column.Name)[0]}' is not a number");
                for (var row = 0; row < values.Length; row++) numbers[row * width + at] = (float)((values[row] - column.Mean) / column.Deviation);
            }
            at += column.Categories?.Length ?? 1;
        }
        return (tensor(numbers, table.Count, width), table.Lines);
    }
}
