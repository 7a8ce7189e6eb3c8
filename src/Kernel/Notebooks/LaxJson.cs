using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// Reads JSON that Python has written: NaN and Infinity become null, of a doubled key the last one counts, and half of
/// a surrogate pair is a replacement character.
/// </summary>
internal static class LaxJson
{
    private static readonly JsonDocumentOptions options = new() { MaxDepth = 256 };
    private static readonly string[] numbers = ["NaN", "-Infinity", "Infinity"];

    /// <exception cref="JsonException">Not even that.</exception>
    public static JsonNode? Parse(string text)
    {
        using var document = JsonDocument.Parse(JsonText.Whole(WithoutNumbersThatAreNone(text)), options);
        return Node(document.RootElement);
    }

    private static JsonNode? Node(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array) return new JsonArray([.. element.EnumerateArray().Select(Node)]);
        if (element.ValueKind != JsonValueKind.Object)
            return element.ValueKind == JsonValueKind.Null ? null : JsonValue.Create(element.Clone());
        var members = new JsonObject();
        foreach (var member in element.EnumerateObject()) members[member.Name] = Node(member.Value);
        return members;
    }

    private static string WithoutNumbersThatAreNone(string text)
    {
        if (!numbers.Any(n => text.Contains(n, StringComparison.Ordinal))) return text;
        var written = new StringBuilder(text.Length);
        var isText = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (isText && text[i] == '\\' && i + 1 < text.Length) written.Append(text[i++]);
            else if (text[i] == '"') isText = !isText;
            else if (!isText
                && Array.Find(numbers, n => string.CompareOrdinal(text, i, n, 0, n.Length) == 0) is { } number)
            {
                written.Append("null");
                i += number.Length - 1;
                continue;
            }
            written.Append(text[i]);
        }
        return written.ToString();
    }
}
