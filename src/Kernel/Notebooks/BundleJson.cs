using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Interactive.Extensions.Display;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// Bundles as JSON that every client reads: numbers that JSON does not know are gaps (null), as figures draw them.
/// </summary>
internal static class BundleJson
{
    private static readonly JsonSerializerOptions options =
        new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>The content by MIME type.</summary>
    /// <param name="text">How a form in words is written.</param>
    public static JsonObject Of(MimeBundle bundle, Func<string, JsonNode?> text)
    {
        var data = new JsonObject();
        foreach (var (type, content) in bundle.Data)
            data[type] = content switch
            {
                string words => type.StartsWith("text/", StringComparison.Ordinal) ? text(words) : words,
                byte[] bytes => Convert.ToBase64String(bytes),
                JsonNode node => Finite(node),
                JsonElement element => JsonNode.Parse(element.GetRawText()),
                null => null,
                _ => Finite(JsonSerializer.SerializeToNode(content, options)),
            };
        return data;
    }

    private static JsonNode? Finite(JsonNode? node)
    {
        if (node is JsonObject members)
        {
            var copy = new JsonObject();
            foreach (var (name, member) in members) copy[name] = Finite(member);
            return copy;
        }
        if (node is JsonArray items) return new JsonArray([.. items.Select(Finite)]);
        return node is JsonValue value
            && (value.TryGetValue<double>(out var d) && !double.IsFinite(d)
            || value.TryGetValue<float>(out var f) && !float.IsFinite(f)) ? null : node?.DeepClone();
    }
}
