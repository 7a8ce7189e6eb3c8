namespace Interactive.Data;

/// <summary>Something that knows how many bytes it holds, for caches.</summary>
public interface ISized
{
    /// <summary>Bytes.</summary>
    long Bytes { get; }
}
