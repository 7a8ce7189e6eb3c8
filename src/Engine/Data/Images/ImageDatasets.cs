namespace Interactive.Data;

/// <summary>Pictures to batches.</summary>
public static class ImageDatasets
{
    /// <summary>Batches of pictures.</summary>
    /// <param name="source">Pictures as they lie in their files, of any source.</param>
    /// <param name="steps">What is done to each, such as <c>x =>
    /// x.RandomResizedCrop(224).Flip().Normalize(ImageNet.Mean, ImageNet.Std)</c>. In evaluation nothing is
    /// random.</param>
    /// <exception cref="UsageException">There is no picture.</exception>
    public static ImageBatches Images(this IDataset<EncodedImage> source, Func<ImagePipeline, ImagePipeline> steps)
        => new(source, steps(ImagePipeline.Empty));
}
