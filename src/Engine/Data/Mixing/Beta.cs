namespace Interactive.Data;

/// <summary>Draws of the symmetric beta distribution.</summary>
internal static class Beta
{
    /// <summary>A number in [0, 1]: of two gamma draws the first one's share.</summary>
    public static double Draw(ref CounterRandom random, double alpha)
    {
        while (true)
        {
            var (first, second) = (Gamma(ref random, alpha), Gamma(ref random, alpha));
            if (first + second > 0) return first / (first + second); // both may underflow for a tiny alpha
        }
    }

    // Marsaglia and Tsang 2000; below 1 by the power of a uniform number.
    private static double Gamma(ref CounterRandom random, double shape)
    {
        if (shape < 1) return Gamma(ref random, shape + 1) * Math.Pow(1 - random.NextDouble(), 1 / shape);
        var d = shape - 1.0 / 3;
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Normal(ref random);
            var v = Math.Pow(1 + c * x, 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < x * x / 2 + d - d * v + d * Math.Log(v)) return d * v;
        }
    }

    private static double Normal(ref CounterRandom random) // Box and Muller
        => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
