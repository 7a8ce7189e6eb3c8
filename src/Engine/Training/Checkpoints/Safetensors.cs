using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// The safetensors format: an 8-byte little-endian header length, a JSON header padded with spaces to 8 bytes, the bytes
/// of the tensors. Readable by Python's <c>safetensors</c>.
/// </summary>
public static class Safetensors
{
    private static readonly (string Name, ScalarType Type)[] Types =
    [
        ("F64", ScalarType.Float64), ("F32", ScalarType.Float32), ("F16", ScalarType.Float16), ("BF16", ScalarType.BFloat16),
        ("I64", ScalarType.Int64), ("I32", ScalarType.Int32), ("I16", ScalarType.Int16), ("I8", ScalarType.Int8), ("U8", ScalarType.Byte), ("BOOL", ScalarType.Bool),
    ];

    /// <summary>Writes tensors in the order of their names, and texts as the header's <c>__metadata__</c>.</summary>
    public static void Write(Stream to, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var names = tensors.Keys.Order(StringComparer.Ordinal).ToArray();
        var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var name in names)
            {
                var tensor = tensors[name];
                var bytes = tensor.numel() * tensor.element_size();
                json.WriteStartObject(name);
                json.WriteString("dtype", Types.First(t => t.Type == tensor.dtype).Name);
                json.WriteStartArray("shape");
                foreach (var size in tensor.shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (header.Length % 8 != 0) header.WriteByte((byte)' ');

        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        to.Write(length);
        header.WriteTo(to);
        foreach (var name in names)
        {
            using var scope = NewDisposeScope();
            to.Write(tensors[name].detach().cpu().contiguous().bytes);
        }
    }

    /// <summary>Reads everything; the caller owns the tensors.</summary>
    /// <exception cref="InvalidDataException">The file is not safetensors or is cut short.</exception>
    public static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) Read(string path)
    {
        using var file = File.OpenRead(path);
        var (header, start) = ReadHeader(file, path);
        using var document = header;
        var (tensors, metadata) = (new Dictionary<string, Tensor>(), new Dictionary<string, string>());
        foreach (var entry in document.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                foreach (var text in entry.Value.EnumerateObject()) metadata[text.Name] = text.Value.GetString()!;
                continue;
            }
            var kind = entry.Value.GetProperty("dtype").GetString();
            var type = Types.FirstOrDefault(t => t.Name == kind);
            if (type.Name is null) throw new InvalidDataException($"{path}: {entry.Name} has the unknown type {kind}");
            var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64()).ToArray();
            var tensor = empty(shape, type.Type).DetachFromDisposeScope();
            file.Position = start + entry.Value.GetProperty("data_offsets")[0].GetInt64();
            if (tensor.numel() > 0) file.ReadExactly(tensor.bytes);
            tensors[entry.Name] = tensor;
        }
        return (tensors, metadata);
    }

    /// <summary>The header's texts; also tells whether the file is whole.</summary>
    /// <exception cref="InvalidDataException">The file is not safetensors or is cut short.</exception>
    public static Dictionary<string, string> ReadMetadata(string path)
    {
        using var file = File.OpenRead(path);
        var (header, start) = ReadHeader(file, path);
        using var document = header;
        var end = document.RootElement.EnumerateObject().Where(e => e.Name != "__metadata__").Select(e => e.Value.GetProperty("data_offsets")[1].GetInt64()).DefaultIfEmpty().Max();
        if (file.Length < start + end) throw new InvalidDataException($"{path} is cut short: {file.Length} of {start + end} bytes");
        return !document.RootElement.TryGetProperty("__metadata__", out var texts) ? []
            : texts.EnumerateObject().ToDictionary(t => t.Name, t => t.Value.GetString()!);
    }

    private static (JsonDocument Header, long Start) ReadHeader(FileStream file, string path)
    {
        try
        {
            Span<byte> length = stackalloc byte[8];
            file.ReadExactly(length);
            var size = BinaryPrimitives.ReadInt64LittleEndian(length);
            if (size <= 0 || size > file.Length - 8) throw new InvalidDataException($"{path} is not a whole safetensors file");
            var bytes = new byte[size];
            file.ReadExactly(bytes);
            return (JsonDocument.Parse(bytes), 8 + size);
        }
        catch (Exception e) when (e is EndOfStreamException or JsonException) { throw new InvalidDataException($"{path} is not a whole safetensors file"); }
    }
}
