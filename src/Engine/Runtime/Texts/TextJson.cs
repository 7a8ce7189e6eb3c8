using System.Text.Json;
using System.Text.Json.Serialization;

namespace Interactive.Runtime;

/// <summary>What is written as people write it on a command line.</summary>
internal interface IWrittenAsText<TSelf>
{
    /// <summary>Reads what <c>ToString</c> gives.</summary>
    static abstract TSelf Parse(string text);
}

/// <summary>The same text in JSON, such as a run's config.json.</summary>
internal sealed class TextJson<T> : JsonConverter<T> where T : IWrittenAsText<T>
{
    public override T Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        => T.Parse(reader.GetString() ?? "");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        => writer.WriteStringValue(value.ToString());
}
