namespace Interactive.Runtime;

/// <summary>Counts the bytes that tensors occupy on a device.</summary>
public interface IMemoryMeter
{
    /// <summary>What counts, in words: <c>exact</c> bytes of libtorch's CPU allocator, or a coarser source.</summary>
    string Kind { get; }
    /// <summary>True when the figures are exact bytes asked of the allocator, the same in every run.</summary>
    bool IsExact { get; }
    /// <summary>Bytes in use now.</summary>
    long LiveBytes { get; }
    /// <summary>The most bytes in use since the last <see cref="ResetPeak"/>.</summary>
    long PeakBytes { get; }
    /// <summary>Starts a new peak from the bytes in use now.</summary>
    void ResetPeak();
}
