namespace Interactive.Data;

/// <summary>Pictures of one folder with masks of the same names in another; read when they are asked for.</summary>
internal sealed class ImageMaskFiles : IDataset<EncodedImage>
{
    private readonly string folder;
    private readonly (string Image, string Mask)[] pairs;

    /// <exception cref="UsageException">A folder is missing, there is no picture, or one has no mask.</exception>
    public ImageMaskFiles(string images, string masks)
    {
        foreach (var one in (string[])[images, masks])
            if (!Directory.Exists(one)) throw new UsageException($"{one}: there is no such folder of pictures");
        folder = images;
        pairs = MaskPairs.Of(images, ImageFiles.Find(images), masks, ImageFiles.Find(masks), anywhere: false);
    }

    public int Count => pairs.Length;
    public EncodedImage this[int index]
        => new(File.ReadAllBytes(pairs[index].Image),
        Name: Path.GetRelativePath(folder, pairs[index].Image))
        { Mask = File.ReadAllBytes(pairs[index].Mask) };
    public string Origin(int index) => pairs[index].Image;
}
