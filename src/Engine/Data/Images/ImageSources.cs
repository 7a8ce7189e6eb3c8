namespace Interactive.Data;

/// <summary>What is done to images before a net sees them.</summary>
public static class ImageSources
{
    /// <summary>The same images, changed at random in training and left alone in evaluation.</summary>
    /// <exception cref="UsageException">They are not (channels, height, width).</exception>
    public static IDataSource Augmented(this IDataSource images, Augmentation augmentation)
        => images.Shape.Rank == 3 ? new AugmentedImages(images, augmentation) : throw new UsageException($"augmentation takes images of channels, height and width, the data are {images.Shape}");
}
