using Microsoft.CodeAnalysis;

namespace Interactive.Kernel.Scripting;

/// <summary>A script or cell does not compile, or a directive in it cannot be followed.</summary>
/// <param name="diagnostics">One line an error, as <c>file(line,column): error CODE: text</c>.</param>
public sealed class ScriptCompileException(IReadOnlyList<string> diagnostics)
    : Exception(string.Join(Environment.NewLine, diagnostics))
{
    /// <summary>One line an error.</summary>
    public IReadOnlyList<string> Diagnostics { get; } = diagnostics;

    internal ScriptCompileException(IEnumerable<Diagnostic> diagnostics)
        : this([.. diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(ErrorHelp.Explain)]) { }

    internal static ScriptCompileException At(Location place, string message)
    {
        var line = place.GetLineSpan();
        return new([$"{line.Path}({line.StartLinePosition.Line + 1},{line.StartLinePosition.Character + 1}): error: {message}"]);
    }
}
