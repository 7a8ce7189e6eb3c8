namespace Interactive.Data;

/// <summary>Samples by number, of any kind. Implementations are safe to read from several threads.</summary>
/// <typeparam name="T">One sample, before it is laid into tensors.</typeparam>
public interface IDataset<out T>
{
    /// <summary>Number of samples.</summary>
    int Count { get; }

    /// <summary>One sample. What it holds is a function of the index alone.</summary>
    T this[int index] { get; }
}
