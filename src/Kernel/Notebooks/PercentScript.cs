using System.Text;
using System.Text.RegularExpressions;
using Interactive.Kernel.Scripting;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// The percent format: a C# script that runs as it stands, in which <c>// %%</c> begins a code cell and
/// <c>// %% [markdown]</c> one of prose, whose lines are comments. A cell's directive stands on the marker line
/// (<c>// %% #!mpirun -n 4</c>), because the compiler does not know it.
/// </summary>
internal static partial class PercentScript
{
    // A line of a cell that looks like a marker gets one more comment sign, and so does one that has it already.
    [GeneratedRegex(@"^(// )+%%")]
    private static partial Regex LooksLikeMarker();
    [GeneratedRegex(@"^(// ){2,}%%")]
    private static partial Regex IsEscaped();

    // A marker stands alone or before a space: a banner of percent signs is none.
    [GeneratedRegex(@"^// %%(?=\s|$)")]
    private static partial Regex IsMarker();

    private const string Marker = "// %%";

    /// <summary>Whether a script has cells: a line that is a marker, and is no part of a text or a comment of several lines.</summary>
    public static bool HasCells(string text) => text.Contains(Marker, StringComparison.Ordinal) && Markers(Notebook.Lines(text)).Count > 0;

    private static HashSet<int> Markers(string[] lines)
    {
        var found = Enumerable.Range(0, lines.Length).Where(i => IsMarker().IsMatch(lines[i])).ToHashSet();
        if (found.Count == 0) return found;
        var code = string.Join('\n', lines);
        if (!code.Contains('"') && !code.Contains("/*", StringComparison.Ordinal)) return found;
        var tree = CSharpSyntaxTree.ParseText(code, ScriptDirectives.ParseOptions);
        var (root, text) = (tree.GetRoot(), tree.GetText());
        // Code that an #if has switched off, and what a broken cell makes of the rest, may hold markers.
        found.RemoveWhere(i => root.FindTrivia(text.Lines[i].Start) is var trivia && (trivia.IsKind(SyntaxKind.MultiLineCommentTrivia) || trivia.IsKind(SyntaxKind.None)
            && root.FindToken(text.Lines[i].Start) is var token && token.SpanStart < text.Lines[i].Start && !token.ContainsDiagnostics
            && token.Kind() is SyntaxKind.StringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken or SyntaxKind.InterpolatedStringTextToken or SyntaxKind.Utf8StringLiteralToken or SyntaxKind.Utf8MultiLineRawStringLiteralToken));
        return found;
    }

    public static string Format(Notebook notebook)
        => notebook.Cells.Count == 0 ? "" : string.Join("\n\n", notebook.Cells.Select(Format)) + "\n";

    public static Notebook Parse(string text)
    {
        var cells = new List<NotebookCell>();
        string? marker = null;
        var lines = new List<string>();
        var all = Notebook.Lines(text);
        var markers = Markers(all);
        for (var i = 0; i < all.Length; i++)
        {
            var line = all[i];
            if (!markers.Contains(i)) lines.Add(IsEscaped().IsMatch(line) ? line["// ".Length..] : line);
            else
            {
                End(isLast: false);
                (marker, lines) = (line, []);
            }
        }
        End(isLast: true);
        return new(cells);

        void End(bool isLast)
        {
            if (marker is null && lines.All(string.IsNullOrWhiteSpace)) return; // nothing before the first marker
            if (!isLast && lines is [.., ""]) lines.RemoveAt(lines.Count - 1);
            cells.Add(Cell(marker?[Marker.Length..].Trim() ?? "", lines));
        }
    }

    private static string Format(NotebookCell cell)
    {
        var lines = cell.Source.Split('\n').ToList();
        var head = Marker;
        if (cell.Kind == CellKind.Markdown) head += " [markdown]";
        else if (cell.Kind == CellKind.Raw) head += " [raw]";
        else if (IsDirective(lines[0]))
        {
            head += " " + lines[0];
            lines.RemoveAt(0);
        }
        var text = new StringBuilder(head);
        foreach (var line in lines)
        {
            var written = cell.Kind == CellKind.Code ? line : line.Length == 0 ? "//" : "// " + line;
            text.Append('\n').Append(LooksLikeMarker().IsMatch(written) ? "// " + written : written);
        }
        return text.ToString();
    }

    private static NotebookCell Cell(string head, IReadOnlyList<string> lines) => head switch
    {
        "[markdown]" or "[md]" => new(CellKind.Markdown, string.Join('\n', lines.Select(Uncomment))),
        "[raw]" => new(CellKind.Raw, string.Join('\n', lines.Select(Uncomment))),
        _ when head.StartsWith("#!") => new(CellKind.Code, string.Join('\n', lines.Prepend(head))),
        _ => new(CellKind.Code, string.Join('\n', lines)),
    };

    // What white space around it does to a line must be undone by reading.
    private static bool IsDirective(string line) => line.StartsWith("#!") && line == line.Trim();

    private static string Uncomment(string line) => line.StartsWith("// ") ? line["// ".Length..] : line == "//" ? "" : line;
}
