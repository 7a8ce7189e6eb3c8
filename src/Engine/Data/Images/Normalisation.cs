namespace Interactive.Data;

/// <summary>
/// How the bytes of a colour picture become numbers: (byte / 255 - mean) / deviation, channel by channel.
/// </summary>
/// <param name="Mean">Of red, green and blue, 0 to 1.</param>
/// <param name="Deviation">Of red, green and blue.</param>
public sealed record Normalisation(IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation)
{
    /// <summary>The numbers of ImageNet's pictures, with which torchvision's weights were made.</summary>
    public static Normalisation ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>Lays (red, green, blue, alpha) pixels over a colour and writes (3, height, width).</summary>
    /// <param name="rgba">Rows of pixels, the colours multiplied by alpha.</param>
    /// <param name="background">What shows through: red, green and blue, 0 to 255.</param>
    /// <param name="pixels">Where the numbers go.</param>
    internal void Write(ReadOnlySpan<byte> rgba, ReadOnlySpan<float> background, Span<float> pixels)
    {
        var plane = rgba.Length / 4;
        for (var c = 0; c < 3; c++)
            for (var i = 0; i < plane; i++)
            {
                var value = rgba[4 * i + c] + (255 - rgba[4 * i + 3]) / 255f * background[c];
                pixels[c * plane + i] = (value / 255 - Mean[c]) / Deviation[c];
            }
    }
}
