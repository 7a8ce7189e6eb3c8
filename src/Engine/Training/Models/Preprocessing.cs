using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// What is done to an image before a net sees it: bytes are divided by 255, the size is made the net's, and each channel becomes
/// (value - mean) / deviation.
/// </summary>
/// <param name="Mean">One number a channel, or one for all, on the scale of 0 to 1.</param>
/// <param name="Deviation">As many numbers, none of them 0.</param>
public sealed record Preprocessing(IReadOnlyList<double> Mean, IReadOnlyList<double> Deviation)
{
    /// <summary>That of ImageNet, which torchvision's weights expect.</summary>
    public static Preprocessing ImageNet { get; } = new([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

    /// <summary>Prepares images.</summary>
    /// <param name="images">(batch, channels, height, width), bytes or numbers on the scale of 0 to 1.</param>
    /// <param name="shape">The net's input.</param>
    /// <returns>A new tensor, in the caller's dispose scope.</returns>
    /// <exception cref="UsageException">The images do not fit the net, or the numbers the channels.</exception>
    public Tensor Apply(Tensor images, Shape shape)
    {
        if (images.dim() != 4 || shape.Rank != 3 || images.shape[1] != shape[0]) throw new UsageException($"the model takes images of {shape}, got {string.Join('x', images.shape)}");
        if (Mean.Count != Deviation.Count || Mean.Count != 1 && Mean.Count != shape[0] || Deviation.Contains(0))
            throw new UsageException($"preprocessing needs a mean and a deviation for each of {shape[0]} channels, or one for all, got {Mean.Count} and {Deviation.Count}");
        var x = images.dtype == ScalarType.Byte ? images.to_type(ScalarType.Float32).div_(255f) : images.to_type(ScalarType.Float32);
        if (x.shape[2] != shape[1] || x.shape[3] != shape[2])
            x = nn.functional.interpolate(x, [shape[1], shape[2]], mode: InterpolationMode.Bilinear, align_corners: false, antialias: true);
        Tensor Channels(IReadOnlyList<double> numbers) => tensor(numbers.Select(n => (float)n).ToArray()).view(1, -1, 1, 1).to(x.device);
        return x.sub(Channels(Mean)).div_(Channels(Deviation));
    }
}
