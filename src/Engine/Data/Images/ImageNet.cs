namespace Interactive.Data;

/// <summary>The numbers by which pictures are normalised for nets that learned ImageNet, as in torchvision.</summary>
public static class ImageNet
{
    /// <summary>Mean of red, green and blue.</summary>
    public static IReadOnlyList<float> Mean => Normalisation.ImageNet.Mean;
    /// <summary>Standard deviation of red, green and blue.</summary>
    public static IReadOnlyList<float> Std => Normalisation.ImageNet.Deviation;
}
