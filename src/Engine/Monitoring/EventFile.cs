using System.Buffers.Binary;
using System.Text;

namespace Interactive.Monitoring;

/// <summary>
/// A TensorBoard event file of scalars. Records are framed as TensorFlow does (length, masked CRC-32C of it, bytes,
/// masked CRC-32C of them); events are protocol-buffer messages <c>Event { wall_time = 1; step = 2; file_version = 3;
/// summary = 5 }</c>.
/// </summary>
public sealed class EventFile : IDisposable
{
    private readonly Stream stream;

    /// <summary>Writes to a stream; the first event names the format's version.</summary>
    public EventFile(Stream stream)
    {
        this.stream = stream;
        var message = new MemoryStream();
        Double(message, 1, Now());
        Bytes(message, 3, "brain.Event:2"u8);
        Record(stream, message.ToArray());
    }

    /// <summary>A new file in a run's folder.</summary>
    public static EventFile Create(string folder)
    {
        var name = $"events.out.tfevents.{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}.{Environment.MachineName}.{Environment.ProcessId}";
        return new EventFile(new FileStream(Path.Combine(folder, name), FileMode.Append, FileAccess.Write,
            FileShare.Read));
    }

    /// <summary>One number of a curve.</summary>
    public void Scalar(string tag, long step, float value)
    {
        var entry = new MemoryStream();
        Bytes(entry, 1, Encoding.UTF8.GetBytes(tag));
        Float(entry, 2, value);
        var summary = new MemoryStream();
        Bytes(summary, 1, entry.ToArray());
        var message = new MemoryStream();
        Double(message, 1, Now());
        message.WriteByte(2 << 3);
        VarInt(message, (ulong)step);
        Bytes(message, 5, summary.ToArray());
        Record(stream, message.ToArray());
    }

    /// <summary>
    /// Says that the run begins anew at a step (<c>session_log = 7 { status = 1: START }</c>): viewers forget points
    /// from that step on, which the part of the run before it was cut had written.
    /// </summary>
    public void Restart(long step)
    {
        var message = new MemoryStream();
        Double(message, 1, Now());
        message.WriteByte(2 << 3);
        VarInt(message, (ulong)step);
        Bytes(message, 7, [1 << 3, 1]);
        Record(stream, message.ToArray());
    }

    /// <summary>Hands what is buffered to the system.</summary>
    public void Flush() => stream.Flush();

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    /// <summary>Frames one record.</summary>
    internal static void Record(Stream stream, ReadOnlySpan<byte> data)
    {
        Span<byte> head = stackalloc byte[12], tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], Crc32C.Masked(head[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(tail, Crc32C.Masked(data));
        stream.Write(head);
        stream.Write(data);
        stream.Write(tail);
    }

    private static double Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    private static void VarInt(Stream to, ulong value)
    {
        for (; value >= 0x80; value >>= 7) to.WriteByte((byte)(value | 0x80));
        to.WriteByte((byte)value);
    }

    private static void Bytes(Stream to, int field, ReadOnlySpan<byte> value)
    {
        to.WriteByte((byte)(field << 3 | 2));
        VarInt(to, (ulong)value.Length);
        to.Write(value);
    }

    private static void Double(Stream to, int field, double value)
    {
        to.WriteByte((byte)(field << 3 | 1));
        to.Write(BitConverter.GetBytes(value));
    }

    private static void Float(Stream to, int field, float value)
    {
        to.WriteByte((byte)(field << 3 | 5));
        to.Write(BitConverter.GetBytes(value));
    }
}
