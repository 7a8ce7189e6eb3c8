namespace Interactive.Data;

/// <summary>
/// The number of each byte of each channel, computed once as torch computes it: bytes to fp32 in one look-up.
/// </summary>
internal sealed class PixelTable
{
    private readonly float[][] channels;

    public PixelTable(Normalisation normalisation, int count)
    {
        if (normalisation.Mean.Count != normalisation.Deviation.Count
            || normalisation.Mean.Count != 1 && normalisation.Mean.Count != count
            || normalisation.Deviation.Contains(0))
            throw new UsageException($"normalisation needs a mean and a deviation for each of {count} channels, or one for all, got {normalisation.Mean.Count} and {normalisation.Deviation.Count}");
        channels = [.. Enumerable.Range(0, count).Select(c =>
            Enumerable.Range(0, 256).Select(b => (b / 255f - normalisation.Mean[c % normalisation.Mean.Count]) / normalisation.Deviation[c % normalisation.Deviation.Count]).ToArray())];
    }

    /// <summary>Writes (channels, height, width).</summary>
    public void Write(Image image, Span<float> pixels)
    {
        var plane = image.Width * image.Height;
        var bytes = image.Pixels;
        for (var c = 0; c < image.Channels; c++)
        {
            var table = channels[c];
            var to = pixels.Slice(c * plane, plane);
            for (int i = 0, j = c; i < to.Length; i++, j += image.Channels) to[i] = table[bytes[j]];
        }
    }
}
