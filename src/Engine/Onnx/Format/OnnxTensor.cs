using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Numbers of a file, left where they lie in it until they are wanted.</summary>
internal sealed class OnnxTensor
{
    private const int MostDimensions = 16;
    private static readonly int[] Bytes = [0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 0, 0, 2];

    public string Name { get; set; } = "";
    public int Type { get; set; }
    public List<long> Sizes { get; } = [];
    public ReadOnlyMemory<byte>? Raw { get; set; }
    public List<float> Floats { get; } = [];
    public List<long> Longs { get; } = [];
    public List<double> Doubles { get; } = [];
    /// <summary>Where its bytes lie outside of the file: location, offset, length.</summary>
    public Dictionary<string, string> External { get; } = [];

    /// <summary>How many numbers.</summary>
    public long Count { get; private set; }
    public bool IsFloat => Type is OnnxTypes.Float or OnnxTypes.Half or OnnxTypes.Double or OnnxTypes.BFloat;

    /// <summary>
    /// Fails unless there are as many numbers as the sizes say, so that nobody takes memory for what is not there.
    /// </summary>
    /// <param name="folder">Of the file, in which its other files must lie.</param>
    /// <exception cref="InvalidDataException">There are not.</exception>
    public void Check(string folder)
    {
        if (Type <= 0 || Type >= Bytes.Length || Bytes[Type] == 0) throw new InvalidDataException($"the weight {Name} has elements of {OnnxTypes.NameOf(Type)}, which are not read");
        if (Sizes.Count > MostDimensions || Sizes.Any(s => s < 0)) throw new InvalidDataException($"the weight {Name} has the sizes {string.Join('x', Sizes.Take(MostDimensions))}");
        try { Count = Sizes.Aggregate(1L, (a, b) => checked(a * b)); }
        catch (OverflowException) { throw new InvalidDataException($"the weight {Name} has the sizes {string.Join('x', Sizes)}"); }
        if (External.Count > 0) Raw = new ExternalBytes(Name, External, folder).Read(checked(Count * Bytes[Type]));
        var given = Raw is { } raw ? raw.Length / (double)Bytes[Type] : Type switch
        {
            OnnxTypes.Float => Floats.Count,
            OnnxTypes.Double => Doubles.Count,
            _ => Longs.Count,
        };
        if (given != Count) throw new InvalidDataException($"the weight {Name} is {string.Join('x', Sizes)}, which is {Count} numbers, and has {given}");
    }

    /// <summary>As numbers of eight bytes.</summary>
    public double[] ToNumbers()
    {
        var numbers = new double[Count];
        if (Raw is not { } raw)
        {
            for (var i = 0; i < numbers.Length; i++)
                numbers[i] = Type == OnnxTypes.Float ? Floats[i]
                : Type == OnnxTypes.Double ? Doubles[i] : FromLong(Longs[i]);
            return numbers;
        }
        var bytes = raw.Span;
        for (var i = 0; i < numbers.Length; i++)
        {
            var at = bytes[(i * Bytes[Type])..];
            numbers[i] = Type switch
            {
                OnnxTypes.Float => BinaryPrimitives.ReadSingleLittleEndian(at),
                OnnxTypes.Double => BinaryPrimitives.ReadDoubleLittleEndian(at),
                OnnxTypes.Half => (double)BinaryPrimitives.ReadHalfLittleEndian(at),
                OnnxTypes.BFloat => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(at) << 16),
                OnnxTypes.Byte or OnnxTypes.Bool => at[0],
                OnnxTypes.SByte => (sbyte)at[0],
                OnnxTypes.UShort => BinaryPrimitives.ReadUInt16LittleEndian(at),
                OnnxTypes.Short => BinaryPrimitives.ReadInt16LittleEndian(at),
                OnnxTypes.Int => BinaryPrimitives.ReadInt32LittleEndian(at),
                OnnxTypes.UInt => BinaryPrimitives.ReadUInt32LittleEndian(at),
                OnnxTypes.Long => BinaryPrimitives.ReadInt64LittleEndian(at),
                _ => BinaryPrimitives.ReadUInt64LittleEndian(at),
            };
        }
        return numbers;
    }

    private double FromLong(long value) => Type switch
    {
        OnnxTypes.Half => (double)BitConverter.UInt16BitsToHalf((ushort)value),
        OnnxTypes.BFloat => BitConverter.Int32BitsToSingle((int)value << 16),
        _ => value,
    };

    /// <summary>As a tensor of libtorch's; floating-point numbers of two bytes become such of four.</summary>
    public Tensor ToTensor()
    {
        var type = OnnxTypes.ToTorch(Type);
        long[] sizes = [.. Sizes];
        if (Type is not (OnnxTypes.Float or OnnxTypes.Double or OnnxTypes.Int or OnnxTypes.Long)
            || !BitConverter.IsLittleEndian)
        {
            if (Type == OnnxTypes.Long) return tensor(Array.ConvertAll(ToNumbers(), x => (long)x), sizes);
            if (type is ScalarType.Float32) return tensor(Array.ConvertAll(ToNumbers(), x => (float)x), sizes);
            using var wide = tensor(ToNumbers(), sizes);
            return wide.to_type(type);
        }
        var result = empty(sizes, type);
        try
        {
            if (Raw is { } raw) raw.Span.CopyTo(result.bytes);
            else if (Type == OnnxTypes.Float)
                MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(Floats)).CopyTo(result.bytes);
            else if (Type == OnnxTypes.Double)
                MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(Doubles)).CopyTo(result.bytes);
            else if (Type == OnnxTypes.Long)
                MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(Longs)).CopyTo(result.bytes);
            else
            {
                var ints = MemoryMarshal.Cast<byte, int>(result.bytes);
                for (var i = 0; i < ints.Length; i++) ints[i] = (int)Longs[i];
            }
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }
}
