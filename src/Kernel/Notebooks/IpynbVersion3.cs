using System.Text.Json.Nodes;

namespace Interactive.Kernel.Notebooks;

/// <summary>Jupyter's format of 2011 to 2015, as the one that followed it: as nbformat converts it.</summary>
internal static class IpynbVersion3
{
    // What output had no MIME type for a name.
    private static readonly (string Name, string Mime)[] forms =
    [
        ("text", "text/plain"), ("html", "text/html"), ("svg", "image/svg+xml"), ("png", "image/png"),
            ("jpeg", "image/jpeg"), ("latex", "text/latex"), ("json", "application/json"),
            ("javascript", "application/javascript"), ("pdf", "application/pdf"),
    ];

    /// <summary>The notebook with its cells in one list and by their later names.</summary>
    public static JsonObject Upgrade(JsonObject notebook) => new()
    {
        ["metadata"] = notebook["metadata"]?.DeepClone(),
        ["cells"] = new JsonArray([.. (notebook["worksheets"] as JsonArray ?? throw new FormatException("it has no worksheets"))
            .OfType<JsonObject>().SelectMany(sheet => sheet["cells"] as JsonArray ?? [])
            .Select(c => c is JsonObject cell ? Cell(cell) : c?.DeepClone())]),
    };

    private static JsonObject Cell(JsonObject old)
    {
        var cell = old.DeepClone().AsObject();
        switch ((string?)cell["cell_type"])
        {
            case "heading":
                var level = cell["level"] is JsonValue value && value.TryGetValue<int>(out var depth) ? Math.Clamp(depth, 1, 6) : 1;
                var title = cell["source"] is JsonArray lines ? string.Concat(lines.Select(l => (string?)l)) : (string?)cell["source"];
                cell["source"] = $"{new string('#', level)} {title?.ReplaceLineEndings(" ")}";
                cell["cell_type"] = "markdown";
                break;
            case "html": cell["cell_type"] = "markdown"; break;
            case "code":
                cell["source"] = cell["input"]?.DeepClone();
                cell["execution_count"] = cell["prompt_number"]?.DeepClone();
                cell["outputs"] = new JsonArray([.. (cell["outputs"] as JsonArray ?? []).OfType<JsonObject>().Select(Output)]);
                break;
        }
        return cell;
    }

    private static JsonObject Output(JsonObject old)
    {
        var (type, metadata) = ((string?)old["output_type"], old["metadata"]?.DeepClone() ?? new JsonObject());
        if (type == "stream") return new() { ["output_type"] = type, ["name"] = (string?)old["stream"] ?? "stdout", ["text"] = old["text"]?.DeepClone() };
        if (type == "pyerr") return new()
        {
            ["output_type"] = "error", ["ename"] = old["ename"]?.DeepClone(), ["evalue"] = old["evalue"]?.DeepClone(),
            ["traceback"] = old["traceback"]?.DeepClone(),
        };
        var data = new JsonObject();
        foreach (var (name, mime) in forms)
            if (old[name] is { } form) data[mime] = form.DeepClone();
        var output = new JsonObject { ["output_type"] = type == "pyout" ? "execute_result" : "display_data", ["data"] = data, ["metadata"] = metadata };
        if (type == "pyout") output["execution_count"] = old["prompt_number"]?.DeepClone();
        return output;
    }
}
