using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Interactive.Kernel.Scripting;

/// <summary>What stands where a line of C# begins.</summary>
internal enum CodePlace
{
    /// <summary>Code, or a comment of one line.</summary>
    Code,

    /// <summary>The inside of a text or a comment of several lines.</summary>
    InText,

    /// <summary>The inside of one that has no end.</summary>
    InEndlessText,
}

/// <summary>
/// Tells what stands at the beginning of the lines of a piece of C#. Its tokens say it; a tree of nested nonsense would take megabytes.
/// </summary>
internal static class CodePlaces
{
    /// <summary>The place of each line, by its index.</summary>
    public static Func<int, CodePlace> Of(string[] lines)
    {
        // A carriage return ends no line here.
        var starts = new int[lines.Length];
        for (var i = 1; i < lines.Length; i++) starts[i] = starts[i - 1] + lines[i - 1].Length + 1;
        var spans = SyntaxFactory.ParseTokens(string.Join('\n', lines), options: ScriptDirectives.ParseOptions)
            .Where(token => token.Span.Length > 1 || token.HasLeadingTrivia || token.HasTrailingTrivia).SelectMany(Spans).ToList();
        return i => spans.FirstOrDefault(s => s.Span.Start < starts[i] && starts[i] < s.Span.End) is { Span.IsEmpty: false } around
            ? around.HasEnd ? CodePlace.InText : CodePlace.InEndlessText : CodePlace.Code;
    }

    // Texts and comments of several lines.
    private static IEnumerable<(TextSpan Span, bool HasEnd)> Spans(SyntaxToken token)
    {
        foreach (var trivia in token.LeadingTrivia.Concat(token.TrailingTrivia))
            if (trivia.Kind() is SyntaxKind.MultiLineCommentTrivia or SyntaxKind.MultiLineDocumentationCommentTrivia)
                yield return (trivia.Span, trivia.ToString().EndsWith("*/", StringComparison.Ordinal));
        if (token.Text.Contains('\n')) yield return (token.Span, !token.ContainsDiagnostics && (!token.IsKind(SyntaxKind.MultiLineRawStringLiteralToken) || HasQuotes(token.Text)));
    }

    // Of a raw text it is the parser that finds no end.
    private static bool HasQuotes(string raw) => raw.Length - raw.TrimStart('"').Length is var quotes && raw.TrimStart('"').EndsWith(new string('"', quotes), StringComparison.Ordinal);
}
