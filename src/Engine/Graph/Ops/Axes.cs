using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// Dimension numbers as tensors have them, the batch being 0: <c>1</c> is the first of a sample, <c>-1</c> the last. No
/// op works along the batch.
/// </summary>
internal static class Axes
{
    /// <summary>A dimension number counted from the front.</summary>
    /// <exception cref="GraphException">The value has no such dimension, or it is the batch.</exception>
    public static int Of(long dimension, Shape shape)
    {
        var rank = shape.Rank + 1;
        var axis = dimension < 0 ? dimension + rank : dimension;
        if (axis <= 0 || axis >= rank) throw new GraphException($"dimension {dimension} is not one of a sample {shape}: 1 is its first, {rank - 1} its last, and 0 the batch");
        return (int)axis;
    }

    /// <summary>Several, each once, in ascending order.</summary>
    /// <exception cref="GraphException">As in <see cref="Of(long, Shape)"/>, or a dimension is given twice.</exception>
    public static long[] Of(IEnumerable<long> dimensions, Shape shape)
    {
        long[] axes = [.. dimensions.Select(d => (long)Of(d, shape)).Order()];
        return axes.Distinct().Count() == axes.Length ? axes
            : throw new GraphException($"dimensions {string.Join(", ", dimensions)}: one is given twice");
    }

    /// <summary>The bytes of a view in a contiguous tensor of its own.</summary>
    public static Tensor Copy(Tensor view) => view.is_contiguous() ? view.clone() : view.contiguous();
}
