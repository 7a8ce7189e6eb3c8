using System.Buffers.Binary;
using System.Text;

namespace Interactive.Onnx;

/// <summary>
/// Writes the fields of a protocol-buffers message. Long runs of bytes are not copied: they must stay as they are until
/// all is written.
/// </summary>
internal sealed class WireWriter
{
    private const int Longest = 4096; // bytes that are copied

    private readonly List<ReadOnlyMemory<byte>> parts = [];
    private MemoryStream open = new();
    private long length;

    /// <summary>A whole number.</summary>
    public WireWriter Long(int field, long value)
    {
        Varint((ulong)field << 3);
        Varint((ulong)value);
        return this;
    }

    /// <summary>Several under one field, one by one.</summary>
    public WireWriter Longs(int field, IEnumerable<long> values)
    {
        foreach (var value in values) Long(field, value);
        return this;
    }

    /// <summary>A number of four bytes.</summary>
    public WireWriter Float(int field, float value)
    {
        Varint((ulong)field << 3 | 5);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        open.Write(bytes);
        return this;
    }

    /// <summary>Bytes as they are.</summary>
    public WireWriter Bytes(int field, ReadOnlyMemory<byte> bytes)
    {
        Varint((ulong)field << 3 | 2);
        Varint((ulong)bytes.Length);
        Append(bytes);
        return this;
    }

    /// <summary>A text.</summary>
    public WireWriter Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    /// <summary>A message within.</summary>
    public WireWriter Message(int field, WireWriter message)
    {
        message.Close();
        Varint((ulong)field << 3 | 2);
        Varint((ulong)message.length);
        foreach (var part in message.parts) Append(part);
        return this;
    }

    /// <summary>Writes all to a stream.</summary>
    public void CopyTo(Stream stream)
    {
        Close();
        foreach (var part in parts) stream.Write(part.Span);
    }

    private void Append(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length <= Longest)
        {
            open.Write(bytes.Span);
            return;
        }
        Close();
        parts.Add(bytes);
        length += bytes.Length;
    }

    private void Close()
    {
        if (open.Length == 0) return;
        parts.Add(open.GetBuffer().AsMemory(0, (int)open.Length));
        length += open.Length;
        open = new();
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) open.WriteByte((byte)(value | 0x80));
        open.WriteByte((byte)value);
    }
}
