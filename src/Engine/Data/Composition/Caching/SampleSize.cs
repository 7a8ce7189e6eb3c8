namespace Interactive.Data;

/// <summary>Bytes of samples of the usual kinds.</summary>
internal static class SampleSize
{
    private const int Header = 24; // of an object with a length

    public static long Of<T>(T sample) => sample switch
    {
        ISized sized => sized.Bytes + Header,
        string text => 2L * text.Length + Header,
        Array { Length: var length } array when array.GetType().GetElementType() is { IsPrimitive: true }
            => Buffer.ByteLength(array) + Header,
        System.Runtime.CompilerServices.ITuple tuple
            => Header + Enumerable.Range(0, tuple.Length).Sum(i => Of(tuple[i])),
        ValueType => Header,
        _ => throw new UsageException($"the size of a {sample?.GetType().Name ?? "null"} is not known: give Cached a function of its bytes"),
    };
}
