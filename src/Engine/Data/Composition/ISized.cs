namespace Interactive.Data;

/// <summary>Something that knows how many bytes it holds, for caches.</summary>
internal interface ISized
{
    /// <summary>Bytes.</summary>
    long Bytes { get; }
}
