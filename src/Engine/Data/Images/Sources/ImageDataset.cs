using Interactive.Graphs;

namespace Interactive.Data;

/// <summary>Small images in memory as bytes, scaled to (pixel / 255 - mean) / deviation when read.</summary>
public sealed class ImageDataset(byte[] images, byte[] labels, Shape shape, int classes, float mean, float deviation)
    : IDataSource
{
    /// <inheritdoc/>
    public int Count => labels.Length;
    /// <inheritdoc/>
    public Shape Shape => shape;
    /// <inheritdoc/>
    public int Classes => classes;

    /// <inheritdoc/>
    public Normalisation Normalisation { get; } = new([mean], [deviation]);

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <inheritdoc/>
    public long Read(int index, Span<float> pixels)
    {
        var source = images.AsSpan(index * pixels.Length, pixels.Length);
        for (var i = 0; i < source.Length; i++) pixels[i] = (source[i] / 255f - mean) / deviation;
        return labels[index];
    }

    /// <inheritdoc/>
    public int? ClassOf(int sample) => labels[sample];
}
