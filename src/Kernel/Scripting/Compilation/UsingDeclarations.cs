using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// <c>using var x = …;</c> at the top level, as programs have it and the compiler's scripts have not: a plain declaration,
/// whose value is handed to <see cref="ScriptGlobals.DisposeAtEnd(string, IDisposable)"/>. Lines and columns stay, but for what follows on the line.
/// </summary>
internal static partial class UsingDeclarations
{
    [GeneratedRegex(@"\busing\s+(?!static\b)[\w.:<>,?\[\]()\s]*\w\s*=")]
    private static partial Regex Likely();

    /// <summary>The code as the compiler takes it.</summary>
    /// <param name="code">A script or cell without directives.</param>
    /// <param name="keeps">False only takes the keyword away, for questions about places in the code.</param>
    public static string Write(string code, bool keeps)
    {
        if (!code.Contains("using", StringComparison.Ordinal) || !Likely().IsMatch(code)) return code;
        var root = CSharpSyntaxTree.ParseText(code, ScriptDirectives.ParseOptions.WithKind(SourceCodeKind.Regular)).GetCompilationUnitRoot();
        var text = new StringBuilder(code);
        foreach (var member in root.Members.Reverse())
            if (member is GlobalStatementSyntax { Statement: LocalDeclarationStatementSyntax { UsingKeyword.RawKind: not 0 } declaration })
                Write(text, declaration, keeps);
        return text.ToString();
    }

    private static void Write(StringBuilder text, LocalDeclarationStatementSyntax declaration, bool keeps)
    {
        var call = declaration.AwaitKeyword.RawKind == 0 ? nameof(ScriptGlobals.DisposeAtEnd) : nameof(ScriptGlobals.DisposeAsyncAtEnd);
        if (keeps && !declaration.SemicolonToken.IsMissing)
            text.Insert(declaration.Span.End, string.Concat(declaration.Declaration.Variables
                .Select(v => $" {call}(\"{v.Identifier.ValueText}\", {v.Identifier.Text});")));
        foreach (var keyword in new[] { declaration.UsingKeyword, declaration.AwaitKeyword })
            for (var i = keyword.SpanStart; i < keyword.Span.End; i++) text[i] = ' ';
    }
}
