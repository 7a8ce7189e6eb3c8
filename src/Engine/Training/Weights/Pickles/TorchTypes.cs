using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>How PyTorch's files call element types: by the class of the storage.</summary>
internal static class TorchTypes
{
    private static readonly (string Storage, ScalarType Type)[] All =
    [
        ("FloatStorage", ScalarType.Float32), ("DoubleStorage", ScalarType.Float64),
            ("HalfStorage", ScalarType.Float16), ("BFloat16Storage", ScalarType.BFloat16),
        ("LongStorage", ScalarType.Int64), ("IntStorage", ScalarType.Int32), ("ShortStorage", ScalarType.Int16),
            ("CharStorage", ScalarType.Int8), ("ByteStorage", ScalarType.Byte), ("BoolStorage", ScalarType.Bool),
        ("ComplexFloatStorage", ScalarType.ComplexFloat32), ("ComplexDoubleStorage", ScalarType.ComplexFloat64),
    ];

    /// <summary>The type of a storage class of the module <c>torch</c>, or null.</summary>
    public static ScalarType? Of(string storage)
        => All.Where(t => t.Storage == storage).Select(t => (ScalarType?)t.Type).FirstOrDefault();
    /// <summary>The storage class of a type, or null.</summary>
    public static string? StorageOf(ScalarType type) => All.FirstOrDefault(t => t.Type == type).Storage;
}
