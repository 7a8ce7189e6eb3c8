using Interactive.Graphs;

namespace Interactive.Data;

/// <summary>
/// Random crop out of a zero-padded image, and horizontal flip: the standard augmentation of small images. What happens
/// to a sample depends on (seed, epoch, sample) alone, not on ranks or threads.
/// </summary>
/// <param name="Padding">Pixels added on each side before cropping; default 2, 0 for none.</param>
/// <param name="Flip">Mirror every other image, on average; default true.</param>
public sealed record Augmentation(int Padding = 2, bool Flip = true)
{
    /// <summary>Reads a flag's text: <c>none</c>, or parts of <c>pad=2,flip</c>.</summary>
    /// <exception cref="UsageException">Something else.</exception>
    public static Augmentation? Parse(string text)
    {
        if (text == "none") return null;
        var (padding, flip) = (0, false);
        foreach (var part in text.Split(','))
            if (part == "flip") flip = true;
            else if (!part.StartsWith("pad=", StringComparison.Ordinal)
                || !int.TryParse(part.AsSpan(4), System.Globalization.NumberStyles.None, null, out padding))
                throw new UsageException($"unknown augmentation '{text}': choose none, or parts of pad=2,flip");
        return new Augmentation(padding, flip);
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => $"pad={Padding}{(Flip ? ",flip" : "")}";

    /// <summary>Changes one image of (channels, height, width) in place.</summary>
    public void Apply(Span<float> image, Shape shape, ulong seed, int epoch, int sample)
    {
        var random = new CounterRandom(seed ^ 0xA5A5A5A5UL, (ulong)epoch << 32 | (uint)sample);
        var (dy, dx) = (random.Next(2 * Padding + 1) - Padding, random.Next(2 * Padding + 1) - Padding);
        var mirror = Flip && random.Next(2) == 1;
        if (dy == 0 && dx == 0 && !mirror) return;
        var (channels, height, width) = ((int)shape[0], (int)shape[1], (int)shape[2]);
        var source = image.ToArray();
        for (var c = 0; c < channels; c++)
            for (var y = 0; y < height; y++)
                for (var x = 0; x < width; x++)
                {
                    var (fromY, fromX) = (y + dy, (mirror ? width - 1 - x : x) + dx);
                    var inside = (uint)fromY < (uint)height && (uint)fromX < (uint)width;
                    image[(c * height + y) * width + x] = inside ? source[(c * height + fromY) * width + fromX] : 0;
                }
    }
}
