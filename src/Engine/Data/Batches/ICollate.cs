namespace Interactive.Data;

/// <summary>Lays samples into the tensors of a batch.</summary>
/// <typeparam name="T">One sample.</typeparam>
public interface ICollate<in T>
{
    /// <summary>The batch of these samples, in their order.</summary>
    Batch Collate(IReadOnlyList<T> samples);
}
