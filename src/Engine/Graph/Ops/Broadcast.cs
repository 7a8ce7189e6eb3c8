using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// The rule by which shapes of equal rank meet: along each dimension they agree, or one of them is 1 and is repeated. The batch
/// dimension is never repeated.
/// </summary>
internal static class Broadcast
{
    /// <summary>The shape of an element-wise result.</summary>
    /// <exception cref="GraphException">Ranks, sizes or types do not fit.</exception>
    public static (Shape, ScalarType) Of(Value x, Value y, string verb)
    {
        if (x.Type != y.Type) throw new GraphException($"{verb} values of one type, got {x.Type} ({x.Name}) and {y.Type} ({y.Name})");
        var (a, b) = (x.Shape.ToArray(), y.Shape.ToArray());
        var fits = a.Length == b.Length;
        for (var i = 0; fits && i < a.Length; i++)
        {
            fits = a[i] == b[i] || a[i] == 1 || b[i] == 1;
            a[i] = Math.Max(a[i], b[i]);
        }
        if (!fits) throw new GraphException($"{verb} shapes that are equal or 1 along each dimension, got {x.Shape} ({x.Name}) and {y.Shape} ({y.Name})");
        return (new Shape(a), x.Type);
    }

    /// <summary>Sums a gradient over the dimensions along which this input was repeated, as autograd does. Takes over the gradient.</summary>
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
