namespace Interactive.Data;

/// <summary>Records as pictures.</summary>
public static class RecordSources
{
    /// <summary>The pictures that lie in records.</summary>
    /// <param name="source">Records of any file.</param>
    /// <param name="image">The column of the picture's file; default one that is called as such columns usually
    /// are.</param>
    /// <param name="label">The column of its class; default the usual names, or no class.</param>
    /// <param name="mask">The column of its mask; default the usual names, or no mask.</param>
    /// <exception cref="UsageException">There is no such column; the message names those there are.</exception>
    public static IDataset<EncodedImage> AsImages(this IDataset<DataRecord> source, string? image = null,
        string? label = null, string? mask = null) => new RecordImages(source, image, label, mask);

    /// <summary>Batches of the pictures that lie in records.</summary>
    /// <param name="source">Records of any file.</param>
    /// <param name="steps">What is done to each picture.</param>
    /// <exception cref="UsageException">There is no picture.</exception>
    public static ImageBatches Images(this IDataset<DataRecord> source, Func<ImagePipeline, ImagePipeline> steps)
        => source.AsImages().Images(steps);
}
