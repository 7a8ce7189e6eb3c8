using System.Globalization;
using System.Text.Json.Serialization;

namespace Interactive.Runtime;

/// <summary>A span of time that people write with its unit: <c>90s</c>, <c>15min</c>, <c>24h</c>, <c>2d</c>.</summary>
/// <param name="Span">The time, more than none.</param>
[JsonConverter(typeof(TextJson<Duration>))]
public readonly record struct Duration(TimeSpan Span) : IWrittenAsText<Duration>
{
    private static readonly (string Unit, double Seconds)[] units = [("min", 60), ("s", 1), ("h", 3600), ("d", 86400)];

    /// <summary>Reads a number and a unit.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static Duration Parse(string text) => TryParse(text) ?? throw new UsageException($"'{text}' is no time: give a number with s, min, h or d, such as 90s or 24h");

    /// <summary>The same, or null.</summary>
    internal static Duration? TryParse(string text)
    {
        foreach (var (unit, seconds) in units)
            if (text.EndsWith(unit, StringComparison.Ordinal) && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return number > 0 && number * seconds < 1e9 ? new(TimeSpan.FromSeconds(number * seconds)) : null;
        return null;
    }

    /// <summary>With the largest unit that is not more than it.</summary>
    public override string ToString()
    {
        var all = Span.TotalSeconds;
        var (unit, seconds) = units.OrderByDescending(u => u.Seconds).FirstOrDefault(u => u.Seconds <= all, ("s", 1));
        return string.Create(CultureInfo.InvariantCulture, $"{all / seconds:0.##}{unit}");
    }

    /// <summary>The span itself.</summary>
    public static implicit operator Duration(TimeSpan span) => new(span);
}
