using System.Globalization;

namespace Interactive.Kernel.Hosting.Sweeps;

/// <summary>One flag of a sweep and the values it may take: a list, or a range of numbers.</summary>
internal sealed record Dimension
{
    private readonly double low, high;
    private readonly bool isLog, isWhole;

    private Dimension(string flag, string text, IReadOnlyList<string> values)
        => (Flag, Text, Values) = (flag, text, values);

    private Dimension(string flag, string text, double low, double high, bool isLog, bool isWhole)
        : this(flag, text, [])
        => (this.low, this.high, this.isLog, this.isWhole) = (low, high, isLog, isWhole);

    /// <summary>Without dashes, such as learning-rate.</summary>
    public string Flag { get; }
    /// <summary>As it was written.</summary>
    public string Text { get; }
    /// <summary>Those of a list; empty for a range.</summary>
    public IReadOnlyList<string> Values { get; }

    /// <summary>
    /// Reads <c>batch-size=64,128</c>, <c>momentum=0.8..0.99</c>, <c>learning-rate=log:1e-3..1</c> or
    /// <c>epochs=int:1..5</c>.
    /// </summary>
    /// <exception cref="UsageException">It is none of these.</exception>
    public static Dimension Parse(string text)
    {
        if (text.Split('=', 2) is not [var name, var values] || name.TrimStart('-').Length == 0 || values.Length == 0)
            throw Wrong(text);
        var flag = name.TrimStart('-');
        var (isLog, isWhole) = (values.StartsWith("log:", StringComparison.Ordinal),
            values.StartsWith("int:", StringComparison.Ordinal));
        var range = isLog || isWhole ? values[4..] : values;
        if (range.Split("..") is [var from, var to])
        {
            if (!Number(from, out var low) || !Number(to, out var high) || low >= high || isLog && low <= 0
                || isWhole && (low != Math.Floor(low) || high != Math.Floor(high))) throw Wrong(text);
            return new(flag, text, low, high, isLog, isWhole);
        }
        if (isLog || isWhole) throw Wrong(text);
        var list = values.Split(',').Select(v => v.Trim()).ToList();
        return list.Any(v => v.Length == 0) ? throw Wrong(text) : new(flag, text, list);
    }

    /// <summary>One of its values.</summary>
    public string Draw(Random random)
    {
        if (Values.Count > 0) return Values[random.Next(Values.Count)];
        var share = random.NextDouble();
        if (isWhole) return Math.Floor(low + share * (high - low + 1)).ToString(CultureInfo.InvariantCulture);
        var value = isLog ? Math.Exp(Math.Log(low) + share * (Math.Log(high) - Math.Log(low)))
            : low + share * (high - low);
        // Four digits, unless they lead out of the range: 0.99996 of 0.9..0.99999 is no 1.
        var text = value.ToString("G4", CultureInfo.InvariantCulture);
        return Number(text, out var rounded) && rounded >= low && rounded <= high ? text : value.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>A value on a command line; true and false are a switch's.</summary>
    public IEnumerable<string> Arguments(string value)
        => value switch { "true" => [$"--{Flag}"], "false" => [$"--no-{Flag}"], _ => [$"--{Flag}", value] };

    private static bool Number(string text, out double value)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private static UsageException Wrong(string text) => new($"--set {text}: write FLAG=64,128 for a list, FLAG=0.8..0.99 or FLAG=int:1..5 for a range, FLAG=log:1e-3..1 for one of orders of magnitude");
}
