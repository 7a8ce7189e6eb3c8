namespace Interactive.Data;

/// <summary>One sample of a file of samples: values by the names of their columns.</summary>
public sealed class DataRecord : ISized
{
    private readonly IReadOnlyDictionary<string, object> values;

    /// <summary>
    /// Takes values: bytes as <see cref="ReadOnlyMemory{T}"/>, texts, numbers as <see cref="long"/> or
    /// <see cref="double"/>.
    /// </summary>
    public DataRecord(IReadOnlyDictionary<string, object> values) => this.values = values;

    /// <summary>The columns' names.</summary>
    public IEnumerable<string> Columns => values.Keys;

    /// <summary>Whether there is such a column.</summary>
    public bool Has(string column) => values.ContainsKey(column);

    /// <summary>A value as it is.</summary>
    /// <exception cref="UsageException">There is no such column; the message names those there are.</exception>
    public object this[string column]
        => values.TryGetValue(column, out var value) ? value
        : throw new UsageException($"there is no column '{column}': there are {string.Join(", ", values.Keys)}");

    /// <summary>Bytes, or the UTF-8 of a text.</summary>
    /// <exception cref="UsageException">The column holds something else, or is not there.</exception>
    public ReadOnlyMemory<byte> Bytes(string column) => this[column] switch
    {
        ReadOnlyMemory<byte> bytes => bytes,
        string text => System.Text.Encoding.UTF8.GetBytes(text),
        var other => throw Misfit(column, other, "bytes"),
    };

    /// <summary>A text, or bytes read as UTF-8.</summary>
    /// <exception cref="UsageException">The column holds something else, or is not there.</exception>
    public string Text(string column) => this[column] switch
    {
        string text => text,
        ReadOnlyMemory<byte> bytes => System.Text.Encoding.UTF8.GetString(bytes.Span),
        var other => throw Misfit(column, other, "a text"),
    };

    /// <summary>A whole number.</summary>
    /// <exception cref="UsageException">The column holds something else, or is not there.</exception>
    public long Integer(string column) => this[column] switch
    {
        long whole => whole,
        string text when long.TryParse(text, out var whole) => whole,
        ReadOnlyMemory<byte> bytes when Whole(bytes.Span) is { } whole => whole,
        var other => throw Misfit(column, other, "a whole number"),
    };

    /// <summary>A number.</summary>
    /// <exception cref="UsageException">The column holds something else, or is not there.</exception>
    public double Number(string column) => this[column] switch
    {
        double number => number,
        long whole => whole,
        var other => throw Misfit(column, other, "a number"),
    };

    long ISized.Bytes
        => values.Sum(v => 64L
        + (v.Value is ReadOnlyMemory<byte> bytes ? bytes.Length : v.Value is string text ? 2L * text.Length : 8));

    // All of it, without blanks around: "3.7" is not 3.
    internal static long? Whole(ReadOnlySpan<byte> text)
    {
        text = text.Trim(" \t\r\n"u8);
        return System.Buffers.Text.Utf8Parser.TryParse(text, out long whole, out var used) && used == text.Length ? whole : null;
    }

    private static UsageException Misfit(string column, object value, string wanted)
        => new($"column '{column}' holds {(value is ReadOnlyMemory<byte> b ? $"{b.Length} bytes" : $"'{value}'")}, not {wanted}");
}
