namespace Interactive.Data;

/// <summary>A column of a table: numbers, or categories by number.</summary>
/// <param name="Name">As the file's header names it.</param>
/// <param name="Values">A number a row; of a column of categories, the category's number.</param>
/// <param name="Categories">The categories in ordinal order; null for a column of numbers.</param>
internal sealed record TableColumn(string Name, double[] Values, IReadOnlyList<string>? Categories)
{
    /// <summary>Numbers that the column gives to a sample: one, or one a category.</summary>
    public int Width => Categories?.Count ?? 1;

    /// <summary>A column of a file, with the categories that it has.</summary>
    public static TableColumn Of(ITable table, string name, bool areCategories)
        => !areCategories && table.Numbers(name) is { } numbers ? new(name, numbers, null)
            : Of(table, name, [.. table.Texts(name).Distinct().Order(StringComparer.Ordinal)]);

    /// <summary>The same column of another file: categories keep their numbers.</summary>
    /// <exception cref="UsageException">It holds a category that this one lacks, or texts in place of
    /// numbers.</exception>
    public TableColumn In(ITable table) => Categories is { } known ? Of(table, Name, known)
        : new(Name, table.Numbers(Name)
            ?? throw new UsageException($"{table.Place(0, Name)}: '{table.Texts(Name)[0]}' is not a number, as the column's values are in the data that this file is read like"), null);

    private static TableColumn Of(ITable table, string name, IReadOnlyList<string> categories)
    {
        var numbers = categories.Select((text, i) => (text, i)).ToDictionary(pair => pair.text, pair => (double)pair.i);
        return new(name, [.. table.Texts(name).Select((text, row) => numbers.TryGetValue(text, out var number) ? number
            : throw new UsageException($"{table.Place(row, name)}: '{text}' is none of the {categories.Count} categories of the data that this file is read like ({string.Join(", ", categories.Take(10))}{(categories.Count > 10 ? ", …" : "")})"))],
            categories);
    }
}
