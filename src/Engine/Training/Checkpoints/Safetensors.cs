using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Interactive.Monitoring;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// The safetensors format: an 8-byte little-endian header length, a JSON header padded with spaces to 8 bytes, the
/// bytes of the tensors. Readable by Python's <c>safetensors</c>. <see cref="SafetensorsFile"/> reads tensor by tensor.
/// </summary>
public static class Safetensors
{
    internal static readonly (string Name, ScalarType Type)[] Types =
    [
        ("F64", ScalarType.Float64), ("F32", ScalarType.Float32), ("F16", ScalarType.Float16),
            ("BF16", ScalarType.BFloat16),
        ("I64", ScalarType.Int64), ("I32", ScalarType.Int32), ("I16", ScalarType.Int16), ("I8", ScalarType.Int8),
            ("U8", ScalarType.Byte), ("BOOL", ScalarType.Bool), ("C64", ScalarType.ComplexFloat32),
    ];

    internal const string Metadata = "__metadata__", Checksum = "crc32c";
    internal const long Piece = 1 << 26; // elements of a tensor that are read or written at once
    private const string Unknown = "00000000";

    // Where a checksum stands: it is the first text of the header.
    internal static readonly int ChecksumAt = $$"""{"{{Metadata}}":{"{{Checksum}}":" """.TrimEnd().Length;

    /// <summary>Writes tensors in the order of their names, and texts as the header's <c>__metadata__</c>.</summary>
    /// <exception cref="UsageException">A tensor is of a type that the format has not.</exception>
    public static void Write(Stream to, IReadOnlyDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
        => Write(to, tensors.Select(t => TensorEntry.Of(t.Key, t.Value)), metadata, withChecksum: false);

    /// <summary>
    /// Writes tensors one by one in the order of their names; with a checksum over header and values if the stream can
    /// seek.
    /// </summary>
    internal static void Write(Stream to, IEnumerable<TensorEntry> tensors,
        IReadOnlyDictionary<string, string>? metadata, bool withChecksum)
    {
        var entries = tensors.OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        var texts = (withChecksum ? [new(Checksum, Unknown)]
            : Enumerable.Empty<KeyValuePair<string, string>>()).Concat(metadata ?? new Dictionary<string, string>());
        var (start, header) = (withChecksum ? to.Position : 0, Header(entries, [.. texts]));
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        to.Write(length);
        to.Write(header);
        var crc = Crc32C.Append(Crc32C.Start, header);
        foreach (var entry in entries)
        {
            using var scope = NewDisposeScope();
            var values = entry.Read().detach().cpu().contiguous().flatten();
            for (long at = 0; at < values.numel(); at += Piece)
            {
                using var part = values.narrow(0, at, Math.Min(Piece, values.numel() - at));
                to.Write(part.bytes);
                if (withChecksum) crc = Crc32C.Append(crc, part.bytes);
            }
        }
        if (!withChecksum) return;
        var end = to.Position;
        to.Position = start + length.Length + ChecksumAt;
        to.Write(Encoding.ASCII.GetBytes((~crc).ToString("x8", CultureInfo.InvariantCulture)));
        to.Position = end;
    }

    private static byte[] Header(TensorEntry[] entries, KeyValuePair<string, string>[] texts)
    {
        var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            if (texts.Length > 0)
            {
                json.WriteStartObject(Metadata);
                foreach (var (key, value) in texts) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype",
                    Types.FirstOrDefault(t => t.Type == entry.Type).Name
                    ?? throw new UsageException($"{entry.Name}: safetensors files have no {entry.Type}"));
                json.WriteStartArray("shape");
                foreach (var size in entry.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += entry.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (header.Length % 8 != 0) header.WriteByte((byte)' ');
        return header.ToArray();
    }

    /// <summary>Reads everything; the caller owns the tensors.</summary>
    /// <exception cref="InvalidDataException">The file is not safetensors, or cut short or damaged.</exception>
    public static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) Read(string path)
    {
        using var file = new SafetensorsFile(path);
        return (file.Tensors.Keys.ToDictionary(name => name, file.Read), file.Metadata.ToDictionary());
    }

    /// <summary>The header's texts; also tells whether the file is whole.</summary>
    /// <exception cref="InvalidDataException">The file is not safetensors or is cut short.</exception>
    public static Dictionary<string, string> ReadMetadata(string path)
    {
        using var file = new SafetensorsFile(path);
        return file.Metadata.ToDictionary();
    }

    /// <summary>
    /// Puts a file's tensors into the parameters and buffers of a module of the same names, one at a time: no second
    /// copy of the model is made. Nothing is written unless all fit.
    /// </summary>
    /// <param name="module">A module, or a graph.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="UsageException">A parameter is missing on either side, or has another shape; the message names
    /// it.</exception>
    /// <exception cref="InvalidDataException">The file is not safetensors, or cut short or damaged.</exception>
    public static void Load(nn.Module module, string path)
    {
        using var file = new SafetensorsFile(path);
        SavedTensors.Of(file).ReadInto(module.state_dict());
    }

    /// <summary>Writes a module's parameters and buffers, under their names.</summary>
    public static void Save(nn.Module module, string path)
        => AtomicFile.Write(path, stream => Write(stream, module.state_dict()));
}
