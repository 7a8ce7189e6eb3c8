using System.Text.RegularExpressions;

namespace Interactive.Kernel;

/// <summary>Texts of JSON as Python writes it, which is laxer than the standard.</summary>
internal static partial class JsonText
{
    // Half of a pair, which no text of .NET's may be read from: \uD83D without its \uDE00, or the other way round.
    [GeneratedRegex(@"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", RegexOptions.Singleline)]
    private static partial Regex Escape();

    /// <summary>A text with every half of a surrogate pair replaced by U+FFFD.</summary>
    public static string Whole(string json)
        => json.Contains("\\u", StringComparison.Ordinal)
        ? Escape().Replace(json, m => m.Groups["half"].Success ? "\\ufffd" : m.Value) : json;
}
