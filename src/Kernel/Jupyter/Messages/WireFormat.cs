using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using NetMQ;

namespace Interactive.Kernel.Jupyter;

/// <summary>
/// Messages as frames: routing identities, a delimiter, the signature, then header, parent header, metadata and content
/// as JSON, then binary buffers.
/// </summary>
internal sealed class WireFormat(string key)
{
    /// <summary>
    /// The version of the protocol that is spoken; where a client speaks 5.4 or later, <see cref="LatestVersion"/>.
    /// </summary>
    public const string BaseVersion = "5.3";

    /// <summary>The newest version that is spoken.</summary>
    public const string LatestVersion = "5.5";

    private const int SignedFrames = 4;
    private const int Remembered = 1 << 18; // signatures: 8 MB at most
    private static readonly byte[] delimiter = "<IDS|MSG>"u8.ToArray();
    private static readonly byte[] empty = "{}"u8.ToArray();

    private readonly byte[]? secret = key.Length == 0 ? null : Encoding.UTF8.GetBytes(key);
    private readonly string session = Guid.NewGuid().ToString("N");
    private readonly HashSet<UInt128> seen = [];
    private readonly Queue<UInt128> order = [];
    private int count;

    /// <summary>
    /// Reads and verifies a message. A signature counts once: a message that is sent again is not run again.
    /// </summary>
    /// <exception cref="FormatException">It is no message of the protocol, or its signature is wrong or
    /// known.</exception>
    public KernelRequest Read(KernelChannel channel, NetMQMessage message)
    {
        List<byte[]> frames = [.. message.Select(f => f.ToByteArray(copy: true))];
        var start = frames.FindIndex(f => f.AsSpan().SequenceEqual(delimiter)) + 1;
        if (start == 0 || frames.Count < start + 1 + SignedFrames) throw new FormatException("frames are missing");
        var signed = frames.GetRange(start + 1, SignedFrames);
        if (secret is not null
            && !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Sign(signed)), frames[start]))
            throw new FormatException("the signature is wrong");
        try
        {
            // The header goes back to all clients as it came. Of the content every text is read: what is no character
            // becomes U+FFFD, since Python sends the bytes of a file's name as they are, and a client whose message is
            // ignored waits for ever.
            if (!Utf8.IsValid(signed[0])) throw new FormatException("the header is no UTF-8");
            using var header = JsonDocument.Parse(signed[0]);
            using var content = JsonDocument.Parse(JsonText.Whole(Encoding.UTF8.GetString(signed[3])));
            if (header.RootElement.ValueKind != JsonValueKind.Object
                || content.RootElement.ValueKind != JsonValueKind.Object)
                throw new FormatException("header and content must be objects");
            if (header.RootElement.GetProperty("msg_type").GetString() is not { Length: > 0 } type)
                throw new FormatException("it has no type");
            if (secret is not null && !IsNew(frames[start])) throw new FormatException("it was sent before");
            var version = header.RootElement.TryGetProperty("version", out var v) && v.ValueKind == JsonValueKind.String
                && Version.TryParse(v.GetString(), out var parsed) ? parsed : null;
            return new(channel, frames.GetRange(0, start - 1), signed[0], type, version, content.RootElement.Clone(),
                frames.GetRange(start + 1 + SignedFrames, frames.Count - start - 1 - SignedFrames));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException) { throw new FormatException($"no valid JSON: {e.Message.ReplaceLineEndings(" ")}"); }
    }

    private bool IsNew(byte[] signature)
    {
        var number = UInt128.Parse(Encoding.ASCII.GetString(signature, 0, 32), NumberStyles.HexNumber,
            CultureInfo.InvariantCulture);
        lock (seen)
        {
            if (!seen.Add(number)) return false;
            order.Enqueue(number);
            if (order.Count > Remembered) seen.Remove(order.Dequeue());
            return true;
        }
    }

    /// <summary>Writes a message, signed.</summary>
    /// <param name="routing">The identities of the receiver, or on iopub the topic.</param>
    /// <param name="parent">The header of what it answers; null for none.</param>
    public NetMQMessage Write(IEnumerable<byte[]> routing, string type, byte[]? parent, JsonObject content,
        JsonObject? metadata = null, IReadOnlyList<byte[]>? buffers = null)
    {
        var header = new JsonObject
        {
            ["msg_id"] = $"{session}_{Interlocked.Increment(ref count)}", ["session"] = session, ["username"] =
                "kernel",
            ["date"] = DateTime.UtcNow.ToString("o"), ["msg_type"] = type, ["version"] = BaseVersion,
        };
        List<byte[]> signed = [Bytes(header), parent ?? empty, metadata is null ? empty : Bytes(metadata),
            Bytes(content)];
        var message = new NetMQMessage();
        foreach (var frame in routing) message.Append(frame);
        message.Append(delimiter);
        message.Append(Sign(signed));
        foreach (var frame in signed) message.Append(frame);
        foreach (var buffer in buffers ?? []) message.Append(buffer);
        return message;
    }

    private string Sign(List<byte[]> frames)
    {
        if (secret is null) return "";
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        foreach (var frame in frames) hash.AppendData(frame);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // Not by the serialiser, which would first make a converter for every type it knows.
    private static byte[] Bytes(JsonObject value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) value.WriteTo(writer);
        return buffer.WrittenSpan.ToArray();
    }
}
