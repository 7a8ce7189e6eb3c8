namespace Interactive.Graphs;

/// <summary>The dimensions of one sample: the batch dimension, always first in a tensor, is left out.</summary>
public sealed class Shape : IEquatable<Shape>
{
    private readonly long[] dimensions;

    /// <summary>
    /// A shape such as <c>new Shape(3, 224, 224)</c> for an RGB image. No dimensions: one number per sample.
    /// </summary>
    /// <exception cref="GraphException">A dimension is not positive.</exception>
    public Shape(params ReadOnlySpan<long> dimensions)
    {
        foreach (var d in dimensions)
            if (d <= 0) throw new GraphException($"every dimension must be positive, got {string.Join('x', dimensions.ToArray())}");
        this.dimensions = dimensions.ToArray();
    }

    /// <summary>Number of dimensions, the batch not counted.</summary>
    public int Rank => dimensions.Length;

    /// <summary>The size along one dimension; <c>^1</c> is the last.</summary>
    public long this[Index index] => dimensions[index];

    /// <summary>Numbers in one sample.</summary>
    public long Elements => dimensions.Aggregate(1L, (a, b) => checked(a * b));

    /// <summary>The dimensions with a batch in front, as a tensor has them.</summary>
    public long[] WithBatch(long batch) => [batch, .. dimensions];

    /// <summary>A copy of the dimensions.</summary>
    public long[] ToArray() => [.. dimensions];

    /// <summary>Parses <c>3x224x224</c>.</summary>
    /// <exception cref="GraphException">The text is not numbers joined by <c>x</c>.</exception>
    public static Shape Parse(string text)
    {
        var parts = text.Split('x');
        var sizes = new long[parts.Length];
        for (var i = 0; i < parts.Length; i++)
            if (!long.TryParse(parts[i], out sizes[i]) || sizes[i] <= 0)
                throw new GraphException($"'{text}' is not a shape: give positive numbers joined by x, such as 3x224x224");
        return new Shape(sizes);
    }

    /// <inheritdoc/>
    public bool Equals(Shape? other) => other is not null && dimensions.AsSpan().SequenceEqual(other.dimensions);
    /// <inheritdoc/>
    public override bool Equals(object? other) => Equals(other as Shape);
    /// <inheritdoc/>
    public override int GetHashCode() => dimensions.Aggregate(17, HashCode.Combine);
    /// <summary>As in <c>3x224x224</c>; <c>scalar</c> without dimensions.</summary>
    public override string ToString() => dimensions.Length == 0 ? "scalar" : string.Join('x', dimensions);
}
