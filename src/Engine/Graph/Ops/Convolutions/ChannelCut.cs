namespace Interactive.Graphs.Ops;

/// <summary>
/// How the gradient of a convolution's weights is cut: into parts of the output channels and of the input channels.
/// </summary>
internal readonly record struct ChannelCut(int Outputs, int Inputs)
{
    private const long LeastChannels = 16; // of a part: kernels work on blocks of so many
    private const int MostParts = 64, MostAlongOne = 16;

    /// <summary>One number for both.</summary>
    public int Number => 100 * Outputs + Inputs;
    /// <summary>The inverse of <see cref="Number"/>.</summary>
    public static ChannelCut Of(int number) => new(number / 100, number % 100);

    /// <summary>Cuts worth trying, the fewest parts first.</summary>
    /// <param name="outputs">Output channels.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="weight">Bytes of the weights.</param>
    /// <param name="input">Bytes of the input.</param>
    /// <param name="gradient">Bytes of the output's gradient.</param>
    public static IEnumerable<ChannelCut> Worthwhile(long outputs, long inputs, long weight, long input, long gradient)
    {
        var least = long.MaxValue;
        var all = from o in Along(outputs) from i in Along(inputs) where o * i <= MostParts select new ChannelCut(o, i);
        foreach (var equals in all.GroupBy(c => c.Outputs * c.Inputs).OrderBy(g => g.Key))
        {
            var before = least;
            foreach (var cut in equals)
            {
                // oneDNN copies what it reads to a layout of its own, and a part is not contiguous and is copied before
                // that; the result is made in such a layout too.
                var bytes = 2 * weight / equals.Key + Copied(input, cut.Inputs) + Copied(gradient, cut.Outputs);
                if (bytes >= before) continue;
                least = Math.Min(least, bytes);
                yield return cut;
            }
        }

        static long Copied(long bytes, int parts) => parts == 1 ? bytes : 2 * bytes / parts;

        static IEnumerable<int> Along(long channels)
        {
            for (var parts = 1; parts == 1
                || parts <= MostAlongOne && channels % parts == 0 && channels / parts >= LeastChannels; parts *= 2)
                yield return parts;
        }
    }
}
