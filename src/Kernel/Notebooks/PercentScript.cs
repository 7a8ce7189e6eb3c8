using System.Text;
using System.Text.RegularExpressions;
using Interactive.Kernel.Scripting;

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
    [GeneratedRegex(@"^// %%!?(?=\s|$)")]
    private static partial Regex IsMarker();

    // One with ! is a marker also where it seems to stand in a text: after a cell whose own text or comment has no end.
    private const string Marker = "// %%", Sure = "// %%!";

    /// <summary>
    /// Whether a script has cells: a line that is a marker, and is no part of a text or a comment of several lines.
    /// </summary>
    public static bool HasCells(string text) => Markers(Notebook.Lines(text)).Count > 0;

    // The lines that begin cells.
    private static HashSet<int> Markers(string[] lines)
    {
        var seeming = Enumerable.Range(0, lines.Length).Where(i => IsMarker().IsMatch(lines[i])).ToList();
        if (seeming.Count == 0 || !Array.Exists(lines, l => l.Contains('"') || l.Contains("/*", StringComparison.Ordinal)))
            return [.. seeming];
        var found = new HashSet<int>();
        var (first, place) = (0, (Func<int, CodePlace>?)null);
        foreach (var i in seeming)
        {
            if (!lines[i].StartsWith(Sure, StringComparison.Ordinal))
            {
                place ??= CodePlaces.Of(lines[first..]);
                var where = place(i - first);
                if (where != CodePlace.InText) found.Add(i);
                if (where != CodePlace.InEndlessText) continue;
            }
            found.Add(i);
            (first, place) = (i, null); // what has no end of its own ends with its cell
        }
        return found;
    }

    public static string Format(Notebook notebook)
        => Format(notebook, Marker) is var text && IsKept(notebook, text) ? text : Format(notebook, Sure);

    private static string Format(Notebook notebook, string marker)
        => notebook.Cells.Count == 0 ? "" : string.Join("\n\n", notebook.Cells.Select(c => Format(c, marker))) + "\n";

    private static bool IsKept(Notebook notebook, string text)
        => Parse(text).Cells.Select(c => c.Source).SequenceEqual(notebook.Cells.Select(c => c.Source));

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
            cells.Add(Cell(marker is null ? "" : IsMarker().Replace(marker, "").Trim(), lines));
        }
    }

    private static string Format(NotebookCell cell, string marker)
    {
        var lines = cell.Source.Split('\n').ToList();
        var head = marker;
        if (cell.Kind != CellKind.Code) head += cell.Kind == CellKind.Raw ? " [raw]" : " [markdown]";
        var title = cell.Title ?? "";
        if (cell.Kind == CellKind.Code && IsDirective(lines[0]))
        {
            head += " " + lines[0];
            lines.RemoveAt(0);
        }
        else if (title.Length > 0 && (cell.Kind != CellKind.Code || !title.StartsWith("#!") && Kind(title).Kind == CellKind.Code))
            head += " " + title;
        var text = new StringBuilder(head);
        foreach (var line in lines)
        {
            var written = cell.Kind == CellKind.Code ? line : line.Length == 0 ? "//" : "// " + line;
            text.Append('\n').Append(LooksLikeMarker().IsMatch(written) ? "// " + written : written);
        }
        return text.ToString();
    }

    private static NotebookCell Cell(string head, IReadOnlyList<string> lines)
    {
        if (head.StartsWith("#!")) return new(CellKind.Code, string.Join('\n', lines.Prepend(head)));
        var (kind, title) = Kind(head);
        return new NotebookCell(kind, string.Join('\n', kind == CellKind.Code ? lines : lines.Select(Uncomment)))
        { Title = title.Length > 0 ? title : null };
    }

    // "[markdown] a title", or "a title [markdown]"; without a kind it is code.
    [GeneratedRegex(@"^\[(?<kind>markdown|md|raw)\](?:\s+(?<title>.*))?$|^(?<title>.*\S)\s+\[(?<kind>markdown|md|raw)\]$")]
    private static partial Regex Typed();

    private static (CellKind Kind, string Title) Kind(string head)
        => Typed().Match(head) is not { Success: true } typed ? (CellKind.Code, head)
        : (typed.Groups["kind"].Value == "raw" ? CellKind.Raw : CellKind.Markdown, typed.Groups["title"].Value);

    // What white space around it does to a line must be undone by reading.
    private static bool IsDirective(string line) => line.StartsWith("#!") && line == line.Trim();

    private static string Uncomment(string line)
        => line.StartsWith("// ") ? line["// ".Length..] : line == "//" ? "" : line;
}
