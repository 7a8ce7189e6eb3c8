using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

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

/// <summary>Tells what stands at the beginning of the lines of a piece of C#.</summary>
internal static class CodePlaces
{
    /// <summary>The place of each line, by its index.</summary>
    public static Func<int, CodePlace> Of(string[] lines)
    {
        var tree = CSharpSyntaxTree.ParseText(string.Join('\n', lines), ScriptDirectives.ParseOptions);
        var root = tree.GetRoot();
        // The tree counts a carriage return as the end of a line as well.
        var starts = new int[lines.Length];
        for (var i = 1; i < lines.Length; i++) starts[i] = starts[i - 1] + lines[i - 1].Length + 1;
        return i => At(root, starts[i]);
    }

    private static CodePlace At(SyntaxNode root, int position)
    {
        if (root.FindTrivia(position) is var trivia && !trivia.IsKind(SyntaxKind.None))
            return !trivia.IsKind(SyntaxKind.MultiLineCommentTrivia) || trivia.SpanStart == position ? CodePlace.Code
                : trivia.ToString().EndsWith("*/", StringComparison.Ordinal) ? CodePlace.InText : CodePlace.InEndlessText;
        var token = root.FindToken(position);
        if (token.SpanStart >= position || token.Kind() is not (SyntaxKind.StringLiteralToken
            or SyntaxKind.MultiLineRawStringLiteralToken or SyntaxKind.InterpolatedStringTextToken
            or SyntaxKind.Utf8StringLiteralToken or SyntaxKind.Utf8MultiLineRawStringLiteralToken)) return CodePlace.Code;
        var whole = token.Parent?.FirstAncestorOrSelf<InterpolatedStringExpressionSyntax>();
        return (whole?.ContainsDiagnostics ?? token.ContainsDiagnostics) ? CodePlace.InEndlessText : CodePlace.InText;
    }
}
