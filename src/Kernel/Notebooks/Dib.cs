using System.Text;
using System.Text.Json.Nodes;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// Polyglot Notebooks' format: <c>#!csharp</c>, <c>#!markdown</c> and the names of other languages, those that the head
/// of the file lists too, begin a cell; a blank line follows and one precedes the next. A line of a cell that reads like that gets a backslash in front, which
/// Markdown shows as nothing.
/// </summary>
internal static class Dib
{
    private const string Meta = "meta";

    private static readonly string[] common = [.. "csharp|c#|C#|markdown|md|raw|meta|fsharp|f#|F#|pwsh|powershell|javascript|js|html|mermaid|sql|kql|http|httprequest|value|python|r|julia".Split('|')];

    public static string Format(Notebook notebook)
    {
        var names = Names(KernelInfo(notebook.Metadata));
        var info = KernelInfo(notebook.Metadata)?.DeepClone().AsObject() ?? CSharpAlone();
        // What is no common name is a head where it is listed.
        foreach (var own in notebook.Cells.Select(Own).OfType<string>())
            if (names.Add(own)) (info["items"] as JsonArray ?? (JsonArray)(info["items"] = new JsonArray())).Add(new JsonObject { ["aliases"] = new JsonArray(), ["name"] = own });
        info["defaultKernelName"] = CellLanguage.CSharp; // every cell says what it is in
        var text = new StringBuilder($"#!{Meta}\n\n{new JsonObject { ["kernelInfo"] = info }.ToJsonString(Ipynb.Relaxed)}\n");
        foreach (var cell in notebook.Cells)
        {
            var (language, source) = Split(cell, names);
            text.Append($"\n#!{language}\n\n");
            foreach (var line in source.Split('\n'))
                text.Append(IsHead(line.TrimStart('\\'), names) ? "\\" : "").Append(line).Append('\n');
        }
        return text.ToString();
    }

    public static Notebook Parse(string text)
    {
        var all = Notebook.Lines(text);
        var info = KernelInfo(MetaOf(all));
        var names = Names(info);
        var cells = new List<NotebookCell>();
        var usual = info?["defaultKernelName"] is JsonValue first && first.TryGetValue<string>(out var name) ? name : CellLanguage.CSharp;
        var language = usual;
        var lines = new List<string>();
        var begun = false;
        foreach (var line in all)
        {
            if (IsHead(line, names))
            {
                End(isLast: false);
                (language, lines, begun) = (line[2..].TrimEnd(), [], true);
            }
            else lines.Add(line.StartsWith('\\') && IsHead(line.TrimStart('\\'), names) ? line[1..] : line);
        }
        End(isLast: true);
        return new(cells) { Metadata = names.Count > common.Length ? Ipynb.Metadata(info!) : null };

        void End(bool isLast)
        {
            // What follows the head of the file is a cell that does not say what it is in.
            if (language == Meta) (language, lines, begun) = (usual, [.. AfterMeta(lines)], false);
            if (!begun && lines.All(string.IsNullOrWhiteSpace)) return;
            if (begun && lines is ["", ..]) lines.RemoveAt(0);
            if (!isLast && lines is [.., ""]) lines.RemoveAt(lines.Count - 1);
            cells.Add(Cell(language, string.Join('\n', lines)));
        }
    }

    // "#!name", where it is the name of a language.
    private static bool IsHead(string line, HashSet<string> names)
        => line.StartsWith("#!", StringComparison.Ordinal) && names.Contains(line[2..].TrimEnd());

    // The common names, and those that the file lists: of connections to data bases, say.
    private static HashSet<string> Names(JsonObject? info)
    {
        var names = common.ToHashSet();
        foreach (var item in (info?["items"] as JsonArray ?? []).OfType<JsonObject>())
            foreach (var each in (item["aliases"] as JsonArray ?? []).Append(item["name"]))
                if (each is JsonValue value && value.TryGetValue<string>(out var name) && name.Length > 0 && !name.Any(char.IsWhiteSpace)) names.Add(name);
        return names;
    }

    private static JsonObject? KernelInfo(JsonObject? metadata)
        => (metadata?["polyglot_notebook"] as JsonObject ?? metadata)?["kernelInfo"] as JsonObject;

    private static JsonObject CSharpAlone() => new()
    {
        ["defaultKernelName"] = CellLanguage.CSharp,
        ["items"] = new JsonArray(new JsonObject { ["aliases"] = new JsonArray("c#", "C#"), ["languageName"] = "C#", ["name"] = CellLanguage.CSharp }),
    };

    private static JsonObject? MetaOf(string[] lines)
    {
        var begin = Array.FindIndex(lines, line => line.Length > 0);
        if (begin < 0 || lines[begin].TrimEnd() != "#!" + Meta) return null;
        var text = string.Join('\n', lines.Skip(begin + 1).SkipWhile(string.IsNullOrWhiteSpace).TakeWhile(line => line.Length > 0 && !line.StartsWith("#!", StringComparison.Ordinal)));
        try { return LaxJson.Parse(text) as JsonObject; }
        catch (System.Text.Json.JsonException) { return null; }
    }

    private static IEnumerable<string> AfterMeta(List<string> lines)
        => lines.SkipWhile(string.IsNullOrWhiteSpace).SkipWhile(line => line.Length > 0).SkipWhile(string.IsNullOrWhiteSpace);

    // The language that only the cell's own metadata knows.
    private static string? Own(NotebookCell cell)
        => cell.Kind == CellKind.Code && CellLanguage.OfCell(cell.Metadata) is { } own && CellLanguage.Find(own) is null
        && cell.Source.StartsWith($"#!{own}\n", StringComparison.Ordinal) ? own : null;

    // A cell in another language carries its name as a directive.
    private static (string Language, string Source) Split(NotebookCell cell, HashSet<string> names)
    {
        if (cell.Kind != CellKind.Code) return (cell.Kind == CellKind.Markdown ? "markdown" : "raw", cell.Source);
        var end = cell.Source.IndexOf('\n');
        return end > 2 && IsOther(cell.Source[..end], names) ? (cell.Source[2..end], cell.Source[(end + 1)..])
            : (CellLanguage.CSharp, cell.Source);
    }

    private static NotebookCell Cell(string language, string source) => language switch
    {
        "markdown" or "md" => new(CellKind.Markdown, source),
        "raw" => new(CellKind.Raw, source),
        "csharp" or "c#" or "C#" => new(CellKind.Code, source),
        _ => new(CellKind.Code, $"#!{language}\n{source}")
        {
            Metadata = CellLanguage.Find(language) is null
                ? new() { ["polyglot_notebook"] = new JsonObject { ["kernelName"] = language } } : null,
        },
    };

    private static bool IsOther(string line, HashSet<string> names)
        => IsHead(line, names) && line == line.TrimEnd()
        && line[2..] is not ("csharp" or "c#" or "C#" or "markdown" or "md" or "raw" or Meta);
}
