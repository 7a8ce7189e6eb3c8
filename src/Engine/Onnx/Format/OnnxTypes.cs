using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>ONNX's element types by number.</summary>
internal static class OnnxTypes
{
    public const int Float = 1, Byte = 2, SByte = 3, UShort = 4, Short = 5, Int = 6, Long = 7, Bool = 9, Half = 10,
        Double = 11, UInt = 12, ULong = 13, BFloat = 16;

    private static readonly string[] Names = ["nothing", "float", "uint8", "int8", "uint16", "int16", "int32", "int64",
        "string", "bool", "float16", "double", "uint32", "uint64", "complex64", "complex128", "bfloat16"];

    /// <summary>Whether its numbers have fractions.</summary>
    public static bool IsFloat(int type) => type is Float or Half or Double or BFloat;

    /// <summary>For messages.</summary>
    public static string NameOf(int type) => type >= 0 && type < Names.Length ? Names[type] : $"type {type}";

    /// <summary>libtorch's type: a net trains in four bytes, so that halves are widened.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static ScalarType ToTorch(int type) => type switch
    {
        Float or Half or BFloat => ScalarType.Float32,
        Double => ScalarType.Float64,
        Byte => ScalarType.Byte,
        SByte => ScalarType.Int8,
        Short => ScalarType.Int16,
        Int or UShort => ScalarType.Int32,
        Long or UInt or ULong => ScalarType.Int64,
        Bool => ScalarType.Bool,
        _ => throw new InvalidDataException($"elements of {NameOf(type)} are not read"),
    };

    /// <summary>The same, with halves as they are: for what is written.</summary>
    public static ScalarType Exactly(int type) => type switch { Half => ScalarType.Float16, BFloat => ScalarType.BFloat16, _ => ToTorch(type) };

    /// <summary>ONNX's type for one of libtorch's.</summary>
    public static int Of(ScalarType type) => type switch
    {
        ScalarType.Float32 => Float,
        ScalarType.Float64 => Double,
        ScalarType.Float16 => Half,
        ScalarType.BFloat16 => BFloat,
        ScalarType.Int64 => Long,
        ScalarType.Int32 => Int,
        ScalarType.Int16 => Short,
        ScalarType.Int8 => SByte,
        ScalarType.Byte => Byte,
        ScalarType.Bool => Bool,
        _ => throw new UsageException($"ONNX has no elements of {type}"),
    };
}
