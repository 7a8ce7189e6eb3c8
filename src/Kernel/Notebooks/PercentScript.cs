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

    /// <summary>
    /// Whether a script has cells: a line that is a marker, and is no part of a text or a comment of several lines.
    /// </summary>
    public static bool HasCells(string text)
    {
        var lines = Notebook.Lines(text);
        var markers = Enumerable.Range(0, lines.Length).Where(i => IsMarker().IsMatch(lines[i])).ToList();
        if (markers.Count == 0 || !text.Contains('"') && !text.Contains("/*", StringComparison.Ordinal))
            return markers.Count > 0;
        var tree = CSharpSyntaxTree.ParseText(string.Join('\n', lines), ScriptDirectives.ParseOptions);
        var (root, places) = (tree.GetRoot(), tree.GetText().Lines);
        return markers.Exists(i => !IsWithin(root, places[i].Start));
    }

    private static bool IsWithin(SyntaxNode root, int position)
    {
        if (root.FindTrivia(position) is var trivia && !trivia.IsKind(SyntaxKind.None))
            return trivia.IsKind(SyntaxKind.MultiLineCommentTrivia);
        var token = root.FindToken(position);
        return token.SpanStart < position
            && token.Kind() is SyntaxKind.StringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken
            or SyntaxKind.InterpolatedStringTextToken
            or SyntaxKind.Utf8StringLiteralToken or SyntaxKind.Utf8MultiLineRawStringLiteralToken;
    }

    public static string Format(Notebook notebook)
        => notebook.Cells.Count == 0 ? "" : string.Join("\n\n", notebook.Cells.Select(Format)) + "\n";

    public static Notebook Parse(string text)
    {
        var cells = new List<NotebookCell>();
        string? marker = null;
        var lines = new List<string>();
        foreach (var line in Notebook.Lines(text))
        {
            if (!IsMarker().IsMatch(line)) lines.Add(IsEscaped().IsMatch(line) ? line["// ".Length..] : line);
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

    private static string Uncomment(string line)
        => line.StartsWith("// ") ? line["// ".Length..] : line == "//" ? "" : line;
}
