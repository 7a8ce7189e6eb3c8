namespace Interactive.Data;

/// <summary>Changes of each byte by a table, as Pillow's <c>ImageOps</c> makes them; in place.</summary>
internal static class Tones
{
    /// <summary>Keeps the upper bits.</summary>
    public static void Posterize(Image image, int bits) => All(image, i => (byte)(i & ~((1 << 8 - bits) - 1)));

    /// <summary>Turns around what is not darker than a threshold.</summary>
    public static void Solarize(Image image, double threshold) => All(image, i => (byte)(i < threshold ? i : 255 - i));

    /// <summary>Spreads each channel over all tones.</summary>
    public static void AutoContrast(Image image) => Each(image, counts =>
    {
        var (low, high) = (Array.FindIndex(counts, c => c > 0), Array.FindLastIndex(counts, c => c > 0));
        if (high <= low) return Identity();
        var scale = 255.0 / (high - low);
        return [.. Enumerable.Range(0, 256).Select(i => (byte)Math.Clamp((int)(i * scale + -low * scale), 0, 255))];
    });

    /// <summary>Gives each channel's tones equal shares.</summary>
    public static void Equalize(Image image) => Each(image, counts =>
    {
        var step = (counts.Sum() - counts[Array.FindLastIndex(counts, c => c > 0)]) / 255;
        if (step == 0) return Identity();
        var (table, sum) = (new byte[256], step / 2);
        for (var i = 0; i < 256; sum += counts[i++]) table[i] = (byte)Math.Min(255, sum / step);
        return table;
    });

    private static byte[] Identity() => [.. Enumerable.Range(0, 256).Select(i => (byte)i)];

    private static void All(Image image, Func<int, byte> tone)
    {
        byte[] table = [.. Enumerable.Range(0, 256).Select(tone)];
        foreach (ref var pixel in image.Pixels) pixel = table[pixel];
    }

    private static void Each(Image image, Func<int[], byte[]> table)
    {
        var counts = Enumerable.Range(0, image.Channels).Select(_ => new int[256]).ToArray();
        var pixels = image.Pixels;
        for (var i = 0; i < pixels.Length; i++) counts[i % image.Channels][pixels[i]]++;
        Colours.Apply(image, [.. counts.Select(table)]);
    }
}
