namespace Interactive.Data;

/// <summary>Samples by number, of any kind. Implementations are safe to read from several threads.</summary>
/// <typeparam name="T">One sample, before it is laid into tensors.</typeparam>
public interface IDataset<out T>
{
    /// <summary>Number of samples.</summary>
    int Count { get; }

    /// <summary>One sample. What it holds is a function of the index alone.</summary>
    T this[int index] { get; }

    /// <summary>One sample in a pass, which seeds what is random in it; by default nothing is.</summary>
    T Get(int index, Pass pass) => this[index];

    /// <summary>Whether a sample is another one in another pass; default false.</summary>
    bool Varies => false;

    /// <summary>
    /// Where a sample comes from, such as its file, for messages; null (default) where its number is all there is to
    /// say.
    /// </summary>
    string? Origin(int index) => null;

    /// <summary>A sample's class, without reading it; null (default) where that cannot be told.</summary>
    int? ClassOf(int index) => null;

    /// <summary>The classes' names by number; empty (default) where they have none.</summary>
    IReadOnlyList<string> ClassNames => [];
}
