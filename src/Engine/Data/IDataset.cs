namespace Interactive.Data;

/// <summary>Samples by number, of any kind. Implementations are safe to read from several threads.</summary>
/// <typeparam name="T">One sample, before it is laid into tensors.</typeparam>
public interface IDataset<out T>
{
    /// <summary>Number of samples.</summary>
    int Count { get; }

    /// <summary>One sample. What it holds is a function of the index alone.</summary>
    T this[int index] { get; }

    /// <summary>Where a sample comes from, such as its file, for messages; null (default) where its number is all there is to say.</summary>
    string? Origin(int index) => null;
}
