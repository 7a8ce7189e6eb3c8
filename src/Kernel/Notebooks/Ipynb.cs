using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interactive.Kernel.Notebooks;

/// <summary>Jupyter's format, version 4.5: JSON, with outputs.</summary>
internal static class Ipynb
{
    private static readonly JsonSerializerOptions json = new() { WriteIndented = true, IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Notebook Parse(string text, string path)
    {
        try
        {
            var root = JsonNode.Parse(text)!.AsObject();
            if (root["nbformat"]?.GetValue<int>() is not 4) throw new UsageException($"{path} is not a notebook of format 4");
            return new([.. root["cells"]!.AsArray().Select(c => Cell(c!.AsObject()))]) { Metadata = root["metadata"]?.DeepClone() as JsonObject };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new UsageException($"{path} is not a notebook: {e.Message.Split('\n')[0]}");
        }
    }

    public static string Format(Notebook notebook)
    {
        var cells = new JsonArray();
        // Ids are unique in a notebook: a cell without one gets none that another has.
        var ids = notebook.Cells.Select(c => c.Id).OfType<string>().ToHashSet();
        for (var i = 0; i < notebook.Cells.Count; i++)
        {
            var id = notebook.Cells[i].Id;
            for (var n = i + 1; id is null; n += notebook.Cells.Count)
                if (ids.Add($"cell-{n}")) id = $"cell-{n}";
            cells.Add(Cell(notebook.Cells[i], id));
        }
        var root = new JsonObject
        {
            ["cells"] = cells,
            ["metadata"] = notebook.Metadata?.DeepClone() ?? new JsonObject
            {
                ["kernelspec"] = new JsonObject { ["display_name"] = "C# (Interactive)", ["language"] = "C#", ["name"] = "interactive" },
                ["language_info"] = new JsonObject { ["file_extension"] = ".csx", ["mimetype"] = "text/x-csharp", ["name"] = "C#", ["pygments_lexer"] = "csharp" },
            },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        };
        return root.ToJsonString(json) + "\n";
    }

    private static NotebookCell Cell(JsonObject cell) => new(
        cell["cell_type"]!.GetValue<string>() switch { "markdown" => CellKind.Markdown, "raw" => CellKind.Raw, _ => CellKind.Code }, Text(cell["source"]))
    {
        Id = cell["id"]?.GetValue<string>(),
        Metadata = cell["metadata"]?.DeepClone() as JsonObject,
        Attachments = cell["attachments"]?.DeepClone() as JsonObject,
        Outputs = cell["outputs"] is JsonArray outputs ? [.. outputs.Select(o => (JsonObject)o!.DeepClone())] : [],
        ExecutionCount = cell["execution_count"]?.GetValue<int>(),
    };

    private static JsonObject Cell(NotebookCell cell, string id)
    {
        var written = new JsonObject
        {
            ["cell_type"] = cell.Kind switch { CellKind.Markdown => "markdown", CellKind.Raw => "raw", _ => "code" },
        };
        if (cell.Attachments is { } attachments && cell.Kind != CellKind.Code) written["attachments"] = attachments.DeepClone();
        if (cell.Kind == CellKind.Code) written["execution_count"] = cell.ExecutionCount;
        written["id"] = id;
        written["metadata"] = cell.Metadata?.DeepClone() ?? new JsonObject();
        if (cell.Kind == CellKind.Code) written["outputs"] = new JsonArray([.. cell.Outputs.Select(o => o.DeepClone())]);
        written["source"] = Lines(cell.Source);
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

    private static string Text(JsonNode? source) => source is JsonArray lines ? string.Concat(lines.Select(l => l!.GetValue<string>())) : source?.GetValue<string>() ?? "";
}
