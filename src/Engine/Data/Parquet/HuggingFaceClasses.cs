using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interactive.Data;

/// <summary>
/// What Hugging Face's <c>datasets</c> keeps in a Parquet file's metadata of its features: here the names of the first
/// column of classes.
/// </summary>
internal static class HuggingFaceClasses
{
    /// <summary>The names; none where the text is none or names none.</summary>
    public static IReadOnlyList<string> Read(string? metadata)
    {
        if (metadata is null) return [];
        try
        {
            if (JsonNode.Parse(metadata)?["info"]?["features"] is not JsonObject features) return [];
            foreach (var (_, feature) in features)
                if (feature is JsonObject && (string?)feature["_type"] == "ClassLabel"
                    && feature["names"] is JsonArray names)
                    return [.. names.Select(n => (string)n!)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) { } // somebody else's key
        return [];
    }

    /// <summary>The metadata of pictures with classes.</summary>
    public static string Write(IReadOnlyList<string> names) => new JsonObject
    {
        ["info"] = new JsonObject
        {
            ["features"] = new JsonObject
            {
                ["image"] = new JsonObject { ["_type"] = "Image" },
                ["label"] = new JsonObject
                {
                    ["names"] = new JsonArray([.. names.Select(n => (JsonNode)n)]), ["_type"] = "ClassLabel"
                },
            },
        },
    }.ToJsonString();
}
