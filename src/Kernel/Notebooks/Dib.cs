using System.Text;
using System.Text.RegularExpressions;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// Polyglot Notebooks' format: <c>#!csharp</c>, <c>#!markdown</c> and the names of other languages begin a cell; a
/// blank line follows and one precedes the next. A line of a cell that reads like that gets a backslash in front, which
/// Markdown shows as nothing.
/// </summary>
internal static partial class Dib
{
    private const string Meta = """
        #!meta

        {"kernelInfo":{"defaultKernelName":"csharp","items":[{"aliases":["c#","C#"],"languageName":"C#","name":"csharp"}]}}
        """;
    private const string Names = "csharp|c#|C#|markdown|raw|meta|fsharp|f#|F#|pwsh|powershell|javascript|js|html|mermaid|sql|kql|http|value|python|r|julia";

    [GeneratedRegex($@"^#!({Names})\s*$")]
    private static partial Regex Head();
    [GeneratedRegex($@"^\\*#!({Names})\s*$")]
    private static partial Regex LooksLikeHead();
    [GeneratedRegex($@"^\\+#!({Names})\s*$")]
    private static partial Regex IsEscaped();

    public static string Format(Notebook notebook)
    {
        var text = new StringBuilder(Meta).Append('\n');
        foreach (var cell in notebook.Cells)
        {
            var (language, source) = Split(cell);
            text.Append($"\n#!{language}\n\n");
            foreach (var line in source.Split('\n'))
                text.Append(LooksLikeHead().IsMatch(line) ? "\\" : "").Append(line).Append('\n');
        }
        return text.ToString();
    }

    public static Notebook Parse(string text)
    {
        var cells = new List<NotebookCell>();
        var language = "csharp";
        var lines = new List<string>();
        var begun = false;
        foreach (var line in Notebook.Lines(text))
        {
            if (Head().Match(line) is { Success: true } head)
            {
                End(isLast: false);
                (language, lines, begun) = (head.Groups[1].Value, [], true);
            }
            else lines.Add(IsEscaped().IsMatch(line) ? line[1..] : line);
        }
        End(isLast: true);
        return new(cells);

        void End(bool isLast)
        {
            if (language == "meta" || !begun && lines.All(string.IsNullOrWhiteSpace)) return;
            if (begun && lines is ["", ..]) lines.RemoveAt(0);
            if (!isLast && lines is [.., ""]) lines.RemoveAt(lines.Count - 1);
            cells.Add(Cell(language, string.Join('\n', lines)));
        }
    }

    // A cell in another language carries its name as a directive.
    private static (string Language, string Source) Split(NotebookCell cell)
    {
        if (cell.Kind != CellKind.Code) return (cell.Kind == CellKind.Markdown ? "markdown" : "raw", cell.Source);
        var end = cell.Source.IndexOf('\n');
        return end > 0 && IsOther(cell.Source[..end]) ? (cell.Source[2..end], cell.Source[(end + 1)..])
            : ("csharp", cell.Source);
    }

    private static NotebookCell Cell(string language, string source) => language switch
    {
        "markdown" => new(CellKind.Markdown, source),
        "raw" => new(CellKind.Raw, source),
        "csharp" or "c#" or "C#" => new(CellKind.Code, source),
        _ => new(CellKind.Code, $"#!{language}\n{source}"),
    };

    private static bool IsOther(string line)
        => Head().Match(line) is { Success: true } head && line == head.Value.TrimEnd()
        && head.Groups[1].Value is not ("csharp" or "c#" or "C#" or "markdown" or "raw" or "meta");
}
