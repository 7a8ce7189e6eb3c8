namespace Interactive.Data;

/// <summary>A column of a table: numbers, or categories by number.</summary>
/// <param name="Name">As the file's header names it.</param>
/// <param name="Values">A number a row; of a column of categories, the category's number.</param>
/// <param name="Categories">The categories in ordinal order; null for a column of numbers.</param>
public sealed record TableColumn(string Name, IReadOnlyList<float> Values, IReadOnlyList<string>? Categories)
{
    /// <summary>Numbers that the column gives to a sample: one, or one a category.</summary>
    public int Width => Categories?.Count ?? 1;

    internal static TableColumn Of(string name, float[] numbers) => new(name, numbers, null);

    internal static TableColumn Of(string name, IReadOnlyList<string> texts)
    {
        string[] categories = [.. texts.Distinct().Order(StringComparer.Ordinal)];
        var numbers = categories.Select((text, i) => (text, i)).ToDictionary(pair => pair.text, pair => (float)pair.i);
        return new(name, [.. texts.Select(text => numbers[text])], categories);
    }
}
