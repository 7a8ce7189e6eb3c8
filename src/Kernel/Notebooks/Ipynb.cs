using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interactive.Kernel.Notebooks;

/// <summary>Jupyter's format, version 4.5: JSON, with outputs. Version 3 is read too.</summary>
internal static class Ipynb
{
    /// <summary>JSON on one line, with letters as they are.</summary>
    public static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions json =
        new() { WriteIndented = true, IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Notebook Parse(string text, string path)
    {
        try
        {
            if (LaxJson.Parse(text) is not JsonObject root) throw new FormatException("it holds no object");
            if (root["nbformat"] is not JsonValue version || !version.TryGetValue<double>(out var number)
                || (int)number is not (3 or 4)) throw new UsageException($"{path} is not a notebook of format 4 or 3");
            if ((int)number == 3) root = IpynbVersion3.Upgrade(root);
            if (root["cells"] is not JsonArray cells) throw new FormatException("it has no cells");
            var metadata = root["metadata"]?.DeepClone() as JsonObject;
            var language = CellLanguage.OfNotebook(metadata);
            return new([.. cells.Select((c, i) => Cell(c as JsonObject
                ?? throw new FormatException($"cell {i + 1} is no object"), language))])
            {
                Metadata =
                metadata
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException
            or ArgumentException)
        {
            throw new UsageException($"{path} is not a notebook: {e.Message.Split('\n')[0]}");
        }
    }

    public static string Format(Notebook notebook)
    {
        var cells = new JsonArray();
        var language = CellLanguage.OfNotebook(notebook.Metadata);
        // Ids are unique in a notebook: a cell without one gets none that another has.
        var ids = notebook.Cells.Select(c => c.Id).OfType<string>().ToHashSet();
        var given = new HashSet<string>();
        for (var i = 0; i < notebook.Cells.Count; i++)
        {
            var id = notebook.Cells[i].Id is { } own && given.Add(own) ? own : null;
            for (var n = i + 1; id is null; n += notebook.Cells.Count)
                if (ids.Add($"cell-{n}")) id = $"cell-{n}";
            cells.Add(Cell(notebook.Cells[i], id, language));
        }
        var root = new JsonObject
        {
            ["cells"] = cells,
            ["metadata"] = notebook.Metadata?.DeepClone() ?? Metadata(),
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        };
        return root.ToJsonString(json) + "\n";
    }

    /// <summary>What is noted about a notebook of this kernel.</summary>
    /// <param name="kernelInfo">What Polyglot Notebooks note about languages; null for nothing.</param>
    public static JsonObject Metadata(JsonObject? kernelInfo = null)
    {
        var metadata = new JsonObject
        {
            ["kernelspec"] = new JsonObject { ["display_name"] = "C# (Interactive)", ["language"] = "C#", ["name"] = "interactive" },
            ["language_info"] = new JsonObject { ["file_extension"] = ".csx", ["mimetype"] = "text/x-csharp", ["name"] = "C#", ["pygments_lexer"] = "csharp" },
        };
        if (kernelInfo is null) return metadata;
        kernelInfo = kernelInfo.DeepClone().AsObject();
        kernelInfo["defaultKernelName"] = CellLanguage.CSharp; // cells in another language say so
        metadata["polyglot_notebook"] = new JsonObject { ["kernelInfo"] = kernelInfo };
        return metadata;
    }

    private static NotebookCell Cell(JsonObject cell, string language)
    {
        var kind = (cell["cell_type"] as JsonValue)?.ToString() switch
        {
            "markdown" => CellKind.Markdown,
            "raw" => CellKind.Raw,
            _ => CellKind.Code
        };
        var metadata = cell["metadata"]?.DeepClone() as JsonObject;
        var source = Text(cell["source"]);
        return new(kind,
            kind == CellKind.Code ? CellLanguage.Mark(source, CellLanguage.OfCell(metadata) ?? language) : source)
        {
            Id = cell["id"] is JsonValue id && id.TryGetValue<string>(out var name) ? name : null,
            Metadata = metadata,
            Attachments = cell["attachments"]?.DeepClone() as JsonObject,
            Outputs = cell["outputs"] is JsonArray outputs
                ? [.. outputs.OfType<JsonObject>().Select(o => (JsonObject)o.DeepClone())] : [],
            ExecutionCount = cell["execution_count"] is JsonValue count && count.TryGetValue<double>(out var number)
                && Math.Abs(number) < int.MaxValue ? (int)number : null,
        };
    }

    private static JsonObject Cell(NotebookCell cell, string id, string language)
    {
        var written = new JsonObject
        {
            ["cell_type"] = cell.Kind switch { CellKind.Markdown => "markdown", CellKind.Raw => "raw", _ => "code" },
        };
        if (cell.Attachments is { } attachments && cell.Kind != CellKind.Code)
            written["attachments"] = attachments.DeepClone();
        if (cell.Kind == CellKind.Code) written["execution_count"] = cell.ExecutionCount;
        written["id"] = id;
        var (own, source) = cell.Kind == CellKind.Code ? CellLanguage.Split(cell.Source, cell.Metadata, language)
            : (CellLanguage.CSharp, cell.Source);
        written["metadata"] = CellLanguage.Note(cell.Metadata?.DeepClone() as JsonObject ?? [], own);
        if (cell.Kind == CellKind.Code)
            written["outputs"] = new JsonArray([.. cell.Outputs.Select(o => o.DeepClone())]);
        written["source"] = Lines(source);
        return written;
    }

    /// <summary>A text as the format keeps it: one string a line, each with its end.</summary>
    public static JsonArray Lines(string text)
    {
        var lines = new JsonArray();
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at) is >= 0 and var found ? found + 1 : text.Length;
            lines.Add(text[at..end]);
            at = end;
        }
        return lines;
    }

    private static string Text(JsonNode? source)
        => source is JsonArray lines ? string.Concat(lines.Select(Text))
        : source is null ? "" : source is JsonValue value && value.TryGetValue<string>(out var text) ? text
        : throw new FormatException($"the source of a cell is no text: {source.ToJsonString()}");
}
