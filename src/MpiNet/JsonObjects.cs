using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using MPI;

namespace Interactive.MpiNet;

/// <summary>
/// Objects as JSON with their length in front, so that several may lie in one stream: public properties and fields,
/// collections, tuples. Reading runs no code of the sender's choice, unlike the formatter that it replaces.
/// </summary>
internal sealed class JsonObjects : BinaryFormatterSerializer, ISerializer
{
    private static readonly JsonSerializerOptions Options =
        new() { IncludeFields = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    void ISerializer.Serialize<T>(Stream stream, T value)
    {
        byte[] json;
        try { json = JsonSerializer.SerializeToUtf8Bytes(value, Options); }
        catch (Exception e) when (e is NotSupportedException or JsonException) { throw new UsageException($"a {typeof(T)} cannot be sent as JSON: {e.Message.ReplaceLineEndings(" ")}"); }
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, json.Length);
        stream.Write(length);
        stream.Write(json);
    }

    T ISerializer.Deserialize<T>(Stream stream)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        stream.ReadExactly(length);
        var json = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
        stream.ReadExactly(json);
        return JsonSerializer.Deserialize<T>(json, Options)!;
    }
}
