using System.ComponentModel;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// What <c>return</c> gives in a script that is run cell by cell: it ends the script, as it does in one without cells.
/// Not for use by hand.
/// </summary>
/// <param name="value">What was returned; null for nothing.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ScriptEnd(object? value)
{
    /// <summary>What was returned.</summary>
    public object? Value => value;

    /// <summary>A cell's code whose returns give this. Lines stay.</summary>
    internal static string Mark(string code)
    {
        if (!code.Contains("return", StringComparison.Ordinal) || code.TrimStart().StartsWith("#!", StringComparison.Ordinal)) return code;
        const string Begin = " new global::Interactive.Kernel.Scripting.ScriptEnd(";
        var returns = ScriptCompiler.Parse(code, "").GetCompilationUnitRoot().Members.OfType<GlobalStatementSyntax>()
            .SelectMany(m => m.DescendantNodes(n => n is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax)))
            .OfType<ReturnStatementSyntax>().Where(r => !r.SemicolonToken.IsMissing).ToList();
        foreach (var each in Enumerable.Reverse(returns))
            code = each.Expression is null ? code.Insert(each.ReturnKeyword.Span.End, Begin + "null)")
                : code.Insert(each.SemicolonToken.SpanStart, ")").Insert(each.ReturnKeyword.Span.End, Begin);
        return code;
    }
}
