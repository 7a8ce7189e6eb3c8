using System.Text.Json;
using System.Text.Json.Nodes;
using Interactive.Extensions.Display;
using Interactive.Kernel.Notebooks;

namespace Interactive.Kernel.Directives;

/// <summary>What rank 0 tells the notebook: one line of JSON each.</summary>
/// <param name="Kind">display, update, clear, clear-wait or value.</param>
/// <param name="Id">The display's.</param>
/// <param name="Data">A bundle's content.</param>
/// <param name="Type">A value's type, when it can be made again from <paramref name="Json"/>.</param>
/// <param name="Json">The value.</param>
internal sealed record RankMessage(string Kind, string? Id = null, Dictionary<string, JsonNode?>? Data = null,
    string? Type = null, string? Json = null)
{
    private static readonly JsonSerializerOptions options = new()
    {
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        IncludeFields = true,
    };

    public static Dictionary<string, JsonNode?> Write(MimeBundle bundle)
        => BundleJson.Of(bundle, text => text).ToDictionary(e => e.Key, e => e.Value?.DeepClone());

    public MimeBundle Bundle
        => new((Data ?? []).ToDictionary(e => e.Key,
        e => e.Value is JsonValue text && text.TryGetValue<string>(out var s) ? s : (object)e.Value!));

    public string ToLine() => JsonSerializer.Serialize(this, options);
    public static RankMessage Parse(string line) => JsonSerializer.Deserialize<RankMessage>(line, options)!;

    /// <summary>A cell's value: as JSON where that gives it back, and in the forms in which it is shown.</summary>
    public static RankMessage OfValue(object value)
    {
        var data = Write(Formatters.Format(value));
        var type = value.GetType();
        if (!CanTravel(type)) return new("value", Data: data);
        try
        {
            var json = JsonSerializer.Serialize(value, type, options);
            // Once there and back: what JSON does not carry is not sent at all.
            return JsonSerializer.Serialize(JsonSerializer.Deserialize(json, type, options), type, options) == json
                ? new("value", Data: data, Type: type.AssemblyQualifiedName, Json: json) : new("value", Data: data);
        }
        catch (Exception e) when (e is NotSupportedException or JsonException
            or InvalidOperationException)
        { return new("value", Data: data); }
    }

    /// <summary>The value that came back, or the bundle that shows it.</summary>
    public object Value
        => Type is not null && System.Type.GetType(Type) is { } type
        && JsonSerializer.Deserialize(Json!, type, options) is { } value ? value : Bundle;

    // Types that a cell defines exist in its process alone; tensors and graphs are more than their properties.
    private static bool CanTravel(Type type) => type.IsArray ? CanTravel(type.GetElementType()!)
        : type.Assembly.Location.Length > 0 && type.GetGenericArguments().All(CanTravel)
            && (type.Namespace is "System" or "System.Collections.Generic" or "Interactive.Monitoring")
            && !typeof(Delegate).IsAssignableFrom(type);
}
