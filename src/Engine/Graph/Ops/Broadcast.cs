using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// The rule by which shapes of equal rank meet: along each dimension they agree, or one of them is 1 and is repeated.
/// The batch dimension is never repeated. A constant, which has none, meets the last dimensions of each sample.
/// </summary>
internal static class Broadcast
{
    /// <summary>The shape of an element-wise result.</summary>
    /// <exception cref="GraphException">Ranks, sizes or types do not fit.</exception>
    public static (Shape, ScalarType) Of(Value x, Value y, string verb)
    {
        if (x.Type != y.Type)
            throw new GraphException($"{verb} values of one type, got {x.Type} ({x.Name}) and {y.Type} ({y.Name})");
        var rank = Math.Max(IsBatched(x) ? x.Shape.Rank : 0, IsBatched(y) ? y.Shape.Rank : 0);
        var (a, b) = (Aligned(x, rank), Aligned(y, rank));
        var fits = a is not null && b is not null && (IsBatched(x) || IsBatched(y));
        for (var i = 0; fits && i < rank; i++)
        {
            fits = a![i] == b![i] || a[i] == 1 || b[i] == 1;
            a[i] = Math.Max(a[i], b[i]);
        }
        if (!fits) throw new GraphException($"{verb} shapes that are equal or 1 along each dimension, got {x.Shape} ({x.Name}) and {y.Shape} ({y.Name})");
        return (new Shape(a), x.Type);
    }

    /// <summary>
    /// True when a value is read along each dimension of samples of this shape, where it is equal or 1.
    /// </summary>
    public static bool Fits(Value value, Shape shape)
        => Aligned(value, shape.Rank) is { } sizes
        && sizes.Zip(shape.ToArray()).All(p => p.First == 1 || p.First == p.Second);

    /// <summary>True when a value has a dimension of samples; a constant has none.</summary>
    public static bool IsBatched(Value value) => value.Producer is not { Op.IsBatched: false };

    /// <summary>
    /// The sizes by which a value meets samples of so many dimensions: a constant's count from the last. Null where it
    /// has other dimensions.
    /// </summary>
    private static long[]? Aligned(Value value, int rank)
    {
        var sizes = value.Shape.ToArray();
        if (IsBatched(value)) return sizes.Length == rank ? sizes : null;
        if (sizes.Length == rank + 1 && sizes[0] == 1) return sizes[1..];
        return sizes.Length <= rank ? [.. Enumerable.Repeat(1L, rank - sizes.Length), .. sizes] : null;
    }

    /// <summary>
    /// Sums a gradient over the dimensions along which this input was repeated, as autograd does. Takes over the
    /// gradient.
    /// </summary>
    public static Tensor Reduced(Tensor gradient, Tensor input)
    {
        var (from, to) = (gradient.shape, input.shape);
        var repeated = new List<long>();
        for (var i = 0; i < from.Length; i++)
            if (to[i] == 1 && from[i] != 1) repeated.Add(i);
        if (repeated.Count == 0) return gradient;
        using (gradient) return gradient.sum([.. repeated], keepdim: true);
    }

    /// <summary>The same of a gradient that stays the caller's; the result is always a tensor of its own.</summary>
    public static Tensor ReducedCopy(Tensor gradient, Tensor input)
    {
        using var view = gradient.alias();
        var sum = Reduced(view, input);
        return ReferenceEquals(sum, view) ? gradient.clone() : sum;
    }
}
