namespace Interactive.Data;

/// <summary>What is done to images before a net sees them.</summary>
public static class ImageSources
{
    /// <summary>The same images, changed at random in training and left alone in evaluation.</summary>
    /// <exception cref="UsageException">They are not (channels, height, width), or would be moved out of the picture.</exception>
    public static IDataSource Augmented(this IDataSource images, Augmentation augmentation)
    {
        if (images.Shape.Rank != 3) throw new UsageException($"augmentation takes images of channels, height and width, the data are {images.Shape}");
        var least = Math.Min(images.Shape[1], images.Shape[2]);
        if (augmentation.Padding < 0 || augmentation.Padding >= least) throw new UsageException($"augmentation {augmentation} moves images of {images.Shape[1]} x {images.Shape[2]} out of the picture: pad is 0 to {least - 1}");
        return new AugmentedImages(images, augmentation);
    }
}
