using Interactive.Graphs;

namespace Interactive.Data;

/// <summary>Labelled samples by number. Implementations are safe to read from several threads.</summary>
public interface IDataSource
{
    /// <summary>Number of samples.</summary>
    int Count { get; }
    /// <summary>One sample.</summary>
    Shape Shape { get; }
    /// <summary>Number of classes.</summary>
    int Classes { get; }
    /// <summary>Writes sample <paramref name="index"/> into <paramref name="pixels"/> and returns its class.</summary>
    long Read(int index, Span<float> pixels);
}
