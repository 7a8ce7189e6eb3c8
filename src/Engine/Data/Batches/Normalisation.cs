using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>How the bytes of a picture become numbers: (byte / 255 - mean) / deviation, channel by channel.</summary>
/// <param name="Mean">One number a channel (red, green, blue), or one for all, 0 to 1.</param>
/// <param name="Deviation">As many numbers, none of them 0.</param>
public sealed record Normalisation(IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation)
{
    private static readonly float[] White = [255, 255, 255], Luminance = [0.299f, 0.587f, 0.114f];

    /// <summary>The numbers of ImageNet's pictures, with which torchvision's weights were made.</summary>
    public static Normalisation ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>Numbers from 0 to 1.</summary>
    public static Normalisation None { get; } = new([0], [1]);

    /// <summary>Prepares images for a net: their size is made the net's.</summary>
    /// <param name="images">(batch, channels, height, width), bytes or numbers on the scale of 0 to 1.</param>
    /// <param name="shape">The net's input.</param>
    /// <returns>A new tensor, in the caller's dispose scope.</returns>
    /// <exception cref="UsageException">The images do not fit the net, or the numbers the channels.</exception>
    public Tensor Apply(Tensor images, Shape shape)
    {
        if (images.dim() != 4 || shape.Rank != 3 || images.shape[1] != shape[0])
            throw new UsageException($"the model takes images of {shape}, got {string.Join('x', images.shape)}");
        RequireFit((int)shape[0]);
        var x = images.dtype == ScalarType.Byte ? images.to_type(ScalarType.Float32).div_(255f)
            : images.to_type(ScalarType.Float32);
        if (x.shape[2] != shape[1] || x.shape[3] != shape[2])
            x = nn.functional.interpolate(x, [shape[1], shape[2]], mode: InterpolationMode.Bilinear,
                align_corners: false, antialias: true);
        Tensor Channels(IReadOnlyList<float> numbers) => tensor(numbers.ToArray()).view(1, -1, 1, 1).to(x.device);
        return x.sub(Channels(Mean)).div_(Channels(Deviation));
    }

    /// <summary>
    /// Lays pixels over white and writes (channels, height, width): colours, or for one channel their luminance.
    /// </summary>
    /// <param name="rgba">Rows of (red, green, blue, alpha) pixels, the colours multiplied by alpha.</param>
    /// <param name="pixels">Where the numbers go.</param>
    internal void Write(ReadOnlySpan<byte> rgba, Span<float> pixels) => Write(rgba, White, pixels);

    /// <summary>The same over another colour.</summary>
    /// <param name="rgba">Rows of pixels.</param>
    /// <param name="background">What shows through: red, green and blue, 0 to 255.</param>
    /// <param name="pixels">Where the numbers go.</param>
    internal void Write(ReadOnlySpan<byte> rgba, ReadOnlySpan<float> background, Span<float> pixels)
    {
        var plane = rgba.Length / 4;
        var channels = pixels.Length / plane;
        RequireFit(channels);
        pixels.Clear();
        for (var c = 0; c < 3; c++)
            for (var i = 0; i < plane; i++)
            {
                var value = rgba[4 * i + c] + (255 - rgba[4 * i + 3]) / 255f * background[c];
                if (channels == 1) pixels[i] += Luminance[c] * value;
                else pixels[c * plane + i] = value;
            }
        for (var c = 0; c < channels; c++)
        {
            var (mean, deviation) = (Mean[c % Mean.Count], Deviation[c % Deviation.Count]);
            foreach (ref var value in pixels.Slice(c * plane, plane)) value = (value / 255 - mean) / deviation;
        }
    }

    private void RequireFit(int channels)
    {
        if (Mean.Count != Deviation.Count || Mean.Count != 1 && Mean.Count != channels || Deviation.Contains(0))
            throw new UsageException($"normalisation needs a mean and a deviation for each of {channels} channels, or one for all, got {Mean.Count} and {Deviation.Count}");
    }
}
