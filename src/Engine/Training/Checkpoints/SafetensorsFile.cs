using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Interactive.Monitoring;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// A safetensors file, read tensor by tensor. The header is checked against the file before anything is allocated:
/// tensors lie one behind the other without holes or overlaps, fill the file, and are as long as their shape says.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const long LongestHeader = 100_000_000; // of the format

    private static readonly string[] Foreign = ["F8_E4M3", "F8_E5M2", "F8_E8M0", "F6_E2M3", "F6_E3M2", "F4", "U16",
        "U32", "U64"];

    private readonly FileStream file;
    private readonly string path;
    private readonly byte[] header;
    private readonly Dictionary<string, (ScalarType Type, long[] Shape, long Start)> tensors = [];
    private readonly Dictionary<string, string> metadata = [];

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="InvalidDataException">It is not safetensors, or is cut short or contradicts itself.</exception>
    public SafetensorsFile(string path)
    {
        this.path = path;
        file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        try
        {
            header = ReadHeader();
            using var document = JsonDocument.Parse(header,
                new JsonDocumentOptions { AllowDuplicateProperties = false });
            Parse(document.RootElement);
            Tensors = tensors.ToDictionary(t => t.Key, t => (t.Value.Type, t.Value.Shape));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            file.Dispose();
            throw Wrong($"its header is no header: {e.Message.ReplaceLineEndings(" ")}");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Type and shape of each tensor.</summary>
    public IReadOnlyDictionary<string, (ScalarType Type, long[] Shape)> Tensors { get; }
    /// <summary>The header's texts.</summary>
    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>Reads a tensor; the caller owns it.</summary>
    public Tensor Read(string name)
    {
        var (type, shape, _) = tensors[name];
        var tensor = empty(shape, type).DetachFromDisposeScope();
        ReadInto(name, 0, tensor);
        return tensor;
    }

    /// <summary>
    /// Fills a contiguous tensor in CPU memory, of the same type, with the elements of a tensor from one on.
    /// </summary>
    internal void ReadInto(string name, long from, Tensor target)
    {
        using var noGrad = no_grad();
        using var flat = target.view(-1);
        file.Position = tensors[name].Start + from * target.element_size();
        for (long at = 0; at < flat.numel(); at += Safetensors.Piece)
        {
            using var part = flat.narrow(0, at, Math.Min(Safetensors.Piece, flat.numel() - at));
            file.ReadExactly(part.bytes);
        }
    }

    /// <summary>Compares header and values with the checksum that the header holds.</summary>
    /// <exception cref="InvalidDataException">It has none, or another.</exception>
    internal void Verify()
    {
        if (!metadata.TryGetValue(Safetensors.Checksum, out var wanted)) throw Wrong("it has no checksum");
        var copy = header.ToArray();
        if (copy.Length >= Safetensors.ChecksumAt + 8) copy.AsSpan(Safetensors.ChecksumAt, 8).Fill((byte)'0');
        var crc = Crc32C.Append(Crc32C.Start, copy);
        var buffer = new byte[1 << 16];
        file.Position = sizeof(long) + header.Length;
        for (int count; (count = file.Read(buffer)) > 0;) crc = Crc32C.Append(crc, buffer.AsSpan(0, count));
        if ((~crc).ToString("x8", CultureInfo.InvariantCulture) != wanted)
            throw Wrong("its checksum is not that of its bytes");
    }

    private byte[] ReadHeader()
    {
        Span<byte> length = stackalloc byte[sizeof(long)];
        if (file.Length < length.Length) throw Wrong("it is shorter than a header");
        file.ReadExactly(length);
        var size = BinaryPrimitives.ReadInt64LittleEndian(length);
        if (size <= 0 || size > file.Length - length.Length)
            throw Wrong($"its header is said to have {size} bytes, the file has {file.Length}");
        if (size > LongestHeader)
            throw Wrong($"its header is said to have {size} bytes, more than the {LongestHeader} of the format");
        var bytes = new byte[size];
        file.ReadExactly(bytes);
        return Utf8.IsValid(bytes) ? bytes : throw Wrong("its header is not UTF-8");
    }

    private void Parse(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) throw Wrong("its header is no object");
        var places = new List<(long Begin, long End, string Name)>();
        foreach (var entry in root.EnumerateObject())
            if (entry.Name == Safetensors.Metadata) ParseTexts(entry.Value);
            else places.Add(ParseTensor(entry.Name, entry.Value));
        long end = 0, room = file.Length - sizeof(long) - header.Length;
        foreach (var (begin, next, name) in places.OrderBy(p => p.Begin).ThenBy(p => p.End))
        {
            if (begin != end) throw Wrong($"{name} begins at {begin}, where {end} was due");
            end = next;
        }
        if (end != room) throw Wrong($"its tensors have {end} bytes, the file {room}");
    }

    private void ParseTexts(JsonElement texts)
    {
        if (texts.ValueKind != JsonValueKind.Object) throw Wrong($"{Safetensors.Metadata} is no object");
        foreach (var text in texts.EnumerateObject())
            metadata[text.Name] = text.Value.ValueKind == JsonValueKind.String ? text.Value.GetString()!
                : throw Wrong($"{Safetensors.Metadata}.{text.Name} is no text");
    }

    private (long Begin, long End, string Name) ParseTensor(string name, JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object || entry.EnumerateObject().Count() != 3
            || !entry.TryGetProperty("dtype", out var kind) || kind.ValueKind != JsonValueKind.String
            || !entry.TryGetProperty("shape", out var sizes) || !entry.TryGetProperty("data_offsets", out var offsets))
            throw Wrong($"{name} has not just dtype, shape and data_offsets");
        var type = Safetensors.Types.FirstOrDefault(t => kind.ValueEquals(t.Name));
        if (type.Name is null) throw Wrong(Foreign.Contains(kind.GetString()) ? $"{name} is of type {kind}, which TorchSharp has not: convert it to one of {string.Join(", ", Safetensors.Types.Select(t => t.Name))}" : $"{name} has the unknown type {kind}");
        if (Numbers(sizes) is not { } shape || Numbers(offsets) is not [var begin, var end] || begin > end)
            throw Wrong($"{name} has the shape {sizes} at {offsets}");
        long bytes = type.Type.ElementSize();
        if (shape.Contains(0)) bytes = 0;
        foreach (var size in shape)
            if (bytes > 0 && (bytes = size > file.Length / bytes ? -1 : bytes * size) < 0) break;
        if (bytes != end - begin || end > file.Length)
            throw Wrong($"{name} has {end - begin} bytes, which are no {kind} of shape {sizes}");
        tensors[name] = (type.Type, shape, sizeof(long) + header.Length + begin);
        return (begin, end, name);
    }

    // Whole numbers of at least 0, or null.
    private static long[]? Numbers(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array) return null;
        var numbers = new long[list.GetArrayLength()];
        var at = 0;
        foreach (var item in list.EnumerateArray())
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out numbers[at]) || numbers[at++] < 0)
                return null;
        return numbers;
    }

    private InvalidDataException Wrong(string what) => new($"{path} is not a whole safetensors file: {what}");

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
