using System.Text.Json;
using System.Text.Json.Serialization;

namespace Interactive.Monitoring;

/// <summary>An evaluation as one flat object: a metric is a field beside <c>loss</c>.</summary>
internal sealed class EvalRecordJson : JsonConverter<EvalRecord>
{
    public override EvalRecord Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new JsonException("an evaluation is an object");
        var numbers = new Dictionary<string, double>();
        foreach (var field in document.RootElement.EnumerateObject())
            if (Number(field.Value) is { } number) numbers[field.Name] = number;
        numbers.Remove("step", out var step); // other tools may leave it out
        if (!numbers.Remove("epoch", out var epoch) || !numbers.Remove("loss", out var loss))
            throw new JsonException("an evaluation has epoch and loss");
        return new EvalRecord((long)step, (int)epoch, loss, numbers);
    }

    public override void Write(Utf8JsonWriter writer, EvalRecord value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", value.Kind);
        writer.WriteNumber("step", value.Step);
        writer.WriteNumber("epoch", value.Epoch);
        Write(writer, "loss", value.Loss);
        foreach (var (name, number) in value.Metrics) Write(writer, name, number);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, double number)
    {
        if (double.IsFinite(number)) writer.WriteNumber(name, number);
        // NaN, Infinity, -Infinity
        else writer.WriteString(name, number.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static double? Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String
            => value.GetString() switch
            {
                "NaN" => double.NaN,
                "Infinity" => double.PositiveInfinity,
                "-Infinity" => double.NegativeInfinity,
                _ => null
            },
        _ => null,
    };
}
