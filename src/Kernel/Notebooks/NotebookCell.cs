using System.Text.Json.Nodes;

namespace Interactive.Kernel.Notebooks;

/// <summary>One cell.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Source">Its text, lines ended by <c>\n</c>.</param>
public sealed record NotebookCell(CellKind Kind, string Source)
{
    /// <summary>What the cell has put out, in the notebook format's own objects; only .ipynb keeps it.</summary>
    public IReadOnlyList<JsonObject> Outputs { get; init; } = [];
    /// <summary>The number in brackets beside a cell that has run.</summary>
    public int? ExecutionCount { get; init; }
    /// <summary>Its identifier and metadata; only .ipynb keeps them.</summary>
    public string? Id { get; init; }
    /// <summary>What clients have noted about it.</summary>
    public JsonObject? Metadata { get; init; }
    /// <summary>What a script's marker says beside the kind: <c>// %% a title</c>. In its metadata.</summary>
    public string? Title
    {
        get => Metadata?["title"] is JsonValue value && value.TryGetValue<string>(out var text)
            && text.Length > 0 && text == text.Trim() && !text.Contains('\n') ? text : null;
        init
        {
            if (value is null) return;
            Metadata = (JsonObject?)Metadata?.DeepClone() ?? [];
            Metadata["title"] = value;
        }
    }
    /// <summary>Whether its metadata has a tag, such as <c>raises-exception</c> or <c>skip-execution</c>.</summary>
    public bool HasTag(string tag)
        => Metadata?["tags"] is JsonArray tags
        && tags.Any(t => t is JsonValue value && value.TryGetValue<string>(out var text) && text == tag);
    /// <summary>Files that prose shows, pasted pictures above all; only .ipynb keeps them.</summary>
    public JsonObject? Attachments { get; init; }
}
