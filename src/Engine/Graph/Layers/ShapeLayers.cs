using Interactive.Graphs.Ops;

namespace Interactive.Graphs;

/// <summary>
/// The fluent vocabulary of shapes: each method adds one node and returns its value. Dimensions are numbered as in a
/// tensor, the batch being 0: 1 is the first of a sample, -1 the last.
/// </summary>
public static class ShapeLayers
{
    /// <summary>The same numbers in other dimensions; one size may be -1. No bytes move.</summary>
    public static Value Reshape(this Value x, long[] shape, string? name = null)
        => x.Builder.Add(new Reshape(shape), name, x);
    /// <summary>Inserts a dimension of size 1. No bytes move.</summary>
    public static Value Unsqueeze(this Value x, long dimension, string? name = null)
    {
        var sizes = x.Shape.ToArray().ToList();
        var at = dimension < 0 ? dimension + sizes.Count + 2 : dimension;
        if (at < 1 || at > sizes.Count + 1) throw new GraphException($"{name ?? "reshape"}: a dimension goes into {x.Shape} at 1 to {sizes.Count + 1}, got {dimension}");
        sizes.Insert((int)at - 1, 1);
        return x.Reshape([.. sizes], name);
    }
    /// <summary>Takes a dimension of size 1 out. No bytes move.</summary>
    public static Value Squeeze(this Value x, long dimension, string? name = null)
    {
        var (sizes, axis) = (x.Shape.ToArray().ToList(), Axes.Of(dimension, x.Shape));
        if (sizes[axis - 1] != 1) throw new GraphException($"{name ?? "reshape"}: takes out a dimension of size 1, got size {sizes[axis - 1]} of {x.Shape}");
        sizes.RemoveAt(axis - 1);
        return x.Reshape([.. sizes], name);
    }
    /// <summary>Dimensions in another order, the batch staying first.</summary>
    public static Value Permute(this Value x, long[] order, string? name = null)
        => x.Builder.Add(new Permute(order), name, x);
    /// <summary>Two dimensions in each other's place.</summary>
    public static Value Transpose(this Value x, long first, long second, string? name = null)
    {
        long[] order = [.. Enumerable.Range(1, x.Shape.Rank).Select(i => (long)i)];
        var (a, b) = (Axes.Of(first, x.Shape) - 1, Axes.Of(second, x.Shape) - 1);
        (order[a], order[b]) = (order[b], order[a]);
        return x.Permute(order, name);
    }
    /// <summary>A stretch of one dimension.</summary>
    public static Value Narrow(this Value x, long dimension, long start, long length, string? name = null)
        => x.Builder.Add(new Narrow(dimension, start, length), name, x);
    /// <summary>One place of a dimension, which falls away.</summary>
    public static Value Select(this Value x, long dimension, long index, string? name = null)
        => x.Builder.Add(new Select(dimension, index), name, x);
    /// <summary>Joins values along a dimension.</summary>
    public static Value ConcatAlong(this Value x, long dimension, params ReadOnlySpan<Value> others)
        => Axes.Of(dimension, x.Shape) == 1 ? x.Concat(others)
        : x.Builder.Add(new ConcatAlong(dimension), null, [x, .. others]);
    /// <summary>The product of matrices, sample by sample, either read transposed.</summary>
    public static Value Matmul(this Value x, Value y, bool transposeFirst = false, bool transposeSecond = false,
        string? name = null)
        => x.Builder.Add(new Matmul(transposeFirst, transposeSecond), name, x, y);
    /// <summary>
    /// Adds places around dimensions, the last one's two ends first, filled with a number or mirrored.
    /// </summary>
    public static Value Pad(this Value x, long[] padding, bool reflect = false, double value = 0, string? name = null)
        => x.Builder.Add(new Pad(padding, reflect, value), name, x);
    /// <summary>Channels to places: r x r channels become a square of places.</summary>
    public static Value PixelShuffle(this Value x, long factor, string? name = null)
        => x.Builder.Add(new PixelShuffle(factor), name, x);
    /// <summary>Brings images to a size.</summary>
    public static Value Interpolate(this Value x, Size2 size, bool bilinear = false, bool alignCorners = false,
        string? name = null)
        => x.Builder.Add(new Interpolate(size, bilinear, alignCorners), name, x);
    /// <summary>A number where a mask is true.</summary>
    public static Value MaskedFill(this Value x, Value mask, double value, string? name = null)
        => x.Builder.Add(new MaskedFill(value), name, x, mask);
    /// <summary>One value where this mask is true, else the other.</summary>
    public static Value Where(this Value mask, Value x, Value y, string? name = null)
        => mask.Builder.Add(new Where(), name, mask, x, y);
    /// <summary>A mask: true where x is a number.</summary>
    public static Value EqualTo(this Value x, double value, string? name = null)
        => x.Builder.Add(new EqualTo(value), name, x);
}
