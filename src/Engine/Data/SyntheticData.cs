using Interactive.Graphs;

namespace Interactive.Data;

/// <summary>
/// Normal noise with a class each, as a pure function of the sample's number: for benchmarks and tests.
/// </summary>
public sealed class SyntheticData(int count, Shape shape, int classes, ulong seed = 0) : IDataSource
{
    /// <inheritdoc/>
    public int Count => count;
    /// <inheritdoc/>
    public Shape Shape => shape;
    /// <inheritdoc/>
    public int Classes => classes;

    /// <inheritdoc/>
    public long Read(int index, Span<float> pixels)
    {
        var random = new CounterRandom(seed, (ulong)index);
        for (var i = 0; i < pixels.Length; i++) // Box and Muller
            pixels[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                * Math.Cos(2 * Math.PI * random.NextDouble()));
        return random.Next(classes);
    }
}
