using System.Buffers.Binary;
using System.Text;

namespace Interactive.Onnx;

/// <summary>Reads the fields of a protocol-buffers message, in place: nothing is copied but texts.</summary>
internal ref struct Wire(ReadOnlyMemory<byte> message)
{
    private readonly ReadOnlyMemory<byte> message = message;
    private int at;
    private int form;

    /// <summary>The field that was reached.</summary>
    public int Field { get; private set; }

    /// <summary>Goes to the next field; false at the end.</summary>
    /// <exception cref="InvalidDataException">There is no field here.</exception>
    public bool Next()
    {
        if (at >= message.Length) return false;
        var tag = Varint();
        (Field, form) = (tag >> 3 is > 0 and < 1 << 29 ? (int)(tag >> 3) : throw Damaged(), (int)(tag & 7));
        return true;
    }

    /// <summary>A whole number.</summary>
    public long Long() => form == 0 ? (long)Varint() : throw Damaged();

    /// <summary>A number of four bytes.</summary>
    public float Float() => form == 5 ? BinaryPrimitives.ReadSingleLittleEndian(Take(4).Span) : throw Damaged();

    /// <summary>Bytes, a text or a message within.</summary>
    public ReadOnlyMemory<byte> Bytes()
    {
        if (form != 2) throw Damaged();
        var length = Varint();
        return length <= (ulong)(message.Length - at) ? Take((int)length) : throw Damaged();
    }

    /// <summary>A text.</summary>
    public string Text() => Encoding.UTF8.GetString(Bytes().Span);

    /// <summary>One whole number or a run of them, after those before.</summary>
    public void Longs(List<long> list)
    {
        if (form == 0) list.Add((long)Varint());
        else
            for (var run = new Wire(Bytes()); run.at < run.message.Length;) list.Add((long)run.Varint());
    }

    /// <summary>One number or a run of them, after those before.</summary>
    public void Floats(List<float> list)
    {
        if (form == 5) list.Add(Float());
        else
            for (var run = new Wire(Bytes()) { form = 5 }; run.at < run.message.Length;) list.Add(run.Float());
    }

    /// <summary>One number or a run of them, after those before.</summary>
    public void Doubles(List<double> list)
    {
        if (form == 1) list.Add(BinaryPrimitives.ReadDoubleLittleEndian(Take(8).Span));
        else
            for (var run = new Wire(Bytes()); run.at < run.message.Length;)
                list.Add(BinaryPrimitives.ReadDoubleLittleEndian(run.Take(8).Span));
    }

    /// <summary>Passes over the field.</summary>
    public void Skip()
    {
        switch (form)
        {
            case 0: Varint(); break;
            case 1: Take(8); break;
            case 2: Bytes(); break;
            case 5: Take(4); break;
            default: throw Damaged();
        }
    }

    private ReadOnlyMemory<byte> Take(int length)
    {
        if (length > message.Length - at) throw Damaged();
        at += length;
        return message.Slice(at - length, length);
    }

    private ulong Varint()
    {
        var bytes = message.Span;
        var value = 0UL;
        for (var shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            var b = bytes[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return value;
        }
        throw Damaged();
    }

    private readonly InvalidDataException Damaged()
        => new($"it is damaged or cut off (in a part of {message.Length} bytes, at byte {at})");
}
