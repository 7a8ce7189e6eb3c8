using Interactive.Graphs.Ops;

namespace Interactive.Graphs;

/// <summary>
/// The fluent vocabulary of arithmetic: each method adds one node and returns its value. Dimensions are numbered as in
/// a tensor, the batch being 0: 1 is the first of a sample, -1 the last.
/// </summary>
public static class MathLayers
{
    /// <summary>x + scale y, where either is repeated along dimensions of size 1.</summary>
    public static Value Plus(this Value x, Value y, double scale = 1, string? name = null)
        => x.Shape.Equals(y.Shape) && Broadcast.IsBatched(x) && Broadcast.IsBatched(y) ? x.Add(y, scale, name)
        : x.Builder.Add(new BroadcastAdd(scale), name, x, y);
    /// <summary>x - y, where either is repeated along dimensions of size 1.</summary>
    public static Value Sub(this Value x, Value y, string? name = null) => x.Plus(y, -1, name);
    /// <summary>x times y, number by number, where either is repeated along dimensions of size 1.</summary>
    public static Value Mul(this Value x, Value y, string? name = null) => x.Builder.Add(new Mul(), name, x, y);
    /// <summary>x divided by y, number by number, where either is repeated along dimensions of size 1.</summary>
    public static Value Div(this Value x, Value y, string? name = null) => x.Builder.Add(new Div(), name, x, y);
    /// <summary>x + c.</summary>
    public static Value Plus(this Value x, double number, string? name = null)
        => x.Builder.Add(new AddScalar(number), name, x);
    /// <summary>c x.</summary>
    public static Value Times(this Value x, double number, string? name = null)
        => x.Builder.Add(new MulScalar(number), name, x);
    /// <summary>x / c.</summary>
    public static Value Over(this Value x, double number, string? name = null)
        => x.Builder.Add(new DivScalar(number), name, x);
    /// <summary>-x.</summary>
    public static Value Neg(this Value x, string? name = null) => x.Builder.Add(new MulScalar(-1), name, x);

    /// <summary>e to the x.</summary>
    public static Value Exp(this Value x, string? name = null) => x.Builder.Add(new Exp(), name, x);
    /// <summary>Natural logarithm.</summary>
    public static Value Log(this Value x, string? name = null) => x.Builder.Add(new Log(), name, x);
    /// <summary>Square root.</summary>
    public static Value Sqrt(this Value x, string? name = null) => x.Builder.Add(new Sqrt(), name, x);
    /// <summary>1 / sqrt(x).</summary>
    public static Value Rsqrt(this Value x, string? name = null) => x.Builder.Add(new Rsqrt(), name, x);
    /// <summary>Sine.</summary>
    public static Value Sin(this Value x, string? name = null) => x.Builder.Add(new Sin(), name, x);
    /// <summary>Cosine.</summary>
    public static Value Cos(this Value x, string? name = null) => x.Builder.Add(new Cos(), name, x);
    /// <summary>Magnitude.</summary>
    public static Value Abs(this Value x, string? name = null) => x.Builder.Add(new Abs(), name, x);
    /// <summary>x to a constant power.</summary>
    public static Value Pow(this Value x, double exponent, string? name = null)
        => x.Builder.Add(new Pow(exponent), name, x);
    /// <summary>x between two bounds, which may be infinite.</summary>
    public static Value Clamp(this Value x, double least, double most, string? name = null)
        => x.Builder.Add(new Clamp(least, most), name, x);

    /// <summary>Sum over dimensions; default all of a sample.</summary>
    public static Value Sum(this Value x, long[]? dimensions = null, bool keepDimensions = false, string? name = null)
        => x.Builder.Add(new Sum(dimensions ?? All(x), keepDimensions), name, x);
    /// <summary>Mean over dimensions; default all of a sample.</summary>
    public static Value Mean(this Value x, long[]? dimensions = null, bool keepDimensions = false, string? name = null)
        => x.Builder.Add(new Mean(dimensions ?? All(x), keepDimensions), name, x);
    /// <summary>exp(x) divided by its sum along a dimension.</summary>
    public static Value Softmax(this Value x, long dimension = -1, string? name = null)
        => x.Builder.Add(new Softmax(dimension), name, x);
    /// <summary>The logarithm of the softmax.</summary>
    public static Value LogSoftmax(this Value x, long dimension = -1, string? name = null)
        => x.Builder.Add(new LogSoftmax(dimension), name, x);

    private static long[] All(Value x) => [.. Enumerable.Range(1, x.Shape.Rank).Select(i => (long)i)];
}
