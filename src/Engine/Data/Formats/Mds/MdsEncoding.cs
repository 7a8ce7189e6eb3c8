using System.Buffers.Binary;
using System.Text;

namespace Interactive.Data;

/// <summary>
/// How MDS writes the values of a column. Pickles are refused: reading one runs code that came with it.
/// </summary>
internal sealed class MdsEncoding
{
    private static readonly Dictionary<string,
        (int? Size, Func<byte[], object> Read, Func<object, byte[]> Write)> known = new()
        {
            ["bytes"] = (null, Bytes, Raw),
            ["jpeg"] = (null, Bytes, Raw),
            ["png"] = (null, Bytes, Raw),
            ["str"] = (null, b => Encoding.UTF8.GetString(b), v => Encoding.UTF8.GetBytes((string)v)),
            ["json"] = (null, b => Encoding.UTF8.GetString(b), v => Encoding.UTF8.GetBytes((string)v)),
            ["str_int"] = (null, b => long.Parse(Encoding.UTF8.GetString(b)),
            v => Encoding.UTF8.GetBytes(((long)v).ToString())),
            ["int"] = (8, b => BinaryPrimitives.ReadInt64LittleEndian(b), v => BitConverter.GetBytes((long)v)),
            ["int64"] = (8, b => BinaryPrimitives.ReadInt64LittleEndian(b), v => BitConverter.GetBytes((long)v)),
            ["int32"] = (4, b => (long)BinaryPrimitives.ReadInt32LittleEndian(b),
            v => BitConverter.GetBytes(checked((int)(long)v))),
            ["int16"] = (2, b => (long)BinaryPrimitives.ReadInt16LittleEndian(b),
            v => BitConverter.GetBytes(checked((short)(long)v))),
            ["int8"] = (1, b => (long)(sbyte)b[0], v => [(byte)checked((sbyte)(long)v)]),
            ["uint64"] = (8, b => checked((long)BinaryPrimitives.ReadUInt64LittleEndian(b)),
            v => BitConverter.GetBytes(checked((ulong)(long)v))),
            ["uint32"] = (4, b => (long)BinaryPrimitives.ReadUInt32LittleEndian(b),
            v => BitConverter.GetBytes(checked((uint)(long)v))),
            ["uint16"] = (2, b => (long)BinaryPrimitives.ReadUInt16LittleEndian(b),
            v => BitConverter.GetBytes(checked((ushort)(long)v))),
            ["uint8"] = (1, b => (long)b[0], v => [checked((byte)(long)v)]),
            ["float64"] = (8, b => BinaryPrimitives.ReadDoubleLittleEndian(b), v => BitConverter.GetBytes((double)v)),
            ["float32"] = (4, b => (double)BinaryPrimitives.ReadSingleLittleEndian(b),
            v => BitConverter.GetBytes((float)(double)v)),
        };

    private readonly string name;
    private readonly (int? Size, Func<byte[], object> Read, Func<object, byte[]> Write) way;

    private MdsEncoding(string name) => (this.name, way) = (name, known[name]);

    /// <summary>The encoding of a name.</summary>
    /// <exception cref="UsageException">It is none that is read here.</exception>
    public static MdsEncoding Of(string name) => known.ContainsKey(name) ? new(name)
        : throw new UsageException($"MDS columns of {name}{(name == "pkl" ? " are not read, as a pickle runs code" : "")}: choose {string.Join(", ", known.Keys)}");

    /// <summary>Bytes of every value; null where they vary.</summary>
    public int? Size => way.Size;

    public object Read(byte[] bytes) => way.Read(bytes);

    /// <exception cref="UsageException">The value is of another kind, or out of range.</exception>
    public byte[] Write(string column, object value)
    {
        try { return way.Write(value); }
        catch (Exception e) when (e is InvalidCastException or OverflowException) { throw new UsageException($"column '{column}' is of {name}, got {value} ({value.GetType().Name})"); }
    }

    private static object Bytes(byte[] bytes) => (ReadOnlyMemory<byte>)bytes;
    private static byte[] Raw(object value) => ((ReadOnlyMemory<byte>)value).ToArray();
}
