namespace Interactive.Data;

/// <summary>Data sets from what people have: <c>Dataset.FromFolder("photos").Images(x => x.RandomResizedCrop(224).Flip())</c>.</summary>
public static class Dataset
{
    /// <summary>The samples of a list; it is not copied.</summary>
    /// <param name="samples">Any list.</param>
    /// <param name="classOf">A sample's class, for splits and weights by class; default not known.</param>
    /// <param name="classNames">The classes' names; default none.</param>
    public static IDataset<T> Of<T>(IReadOnlyList<T> samples, Func<T, int>? classOf = null, IReadOnlyList<string>? classNames = null)
        => new ListDataset<T>(samples, classOf, classNames ?? []);

    /// <summary>The samples of anything that can be enumerated; they are read once, now, and kept.</summary>
    /// <param name="samples">Any sequence that ends.</param>
    /// <param name="classOf">A sample's class; default not known.</param>
    /// <param name="classNames">The classes' names; default none.</param>
    public static IDataset<T> Of<T>(IEnumerable<T> samples, Func<T, int>? classOf = null, IReadOnlyList<string>? classNames = null)
        => new ListDataset<T>([.. samples], classOf, classNames ?? []);

    /// <summary>A folder of pictures with a subfolder a class, by torchvision's rules: classes in ordinal order, pictures anywhere below.</summary>
    /// <exception cref="UsageException">The folder is missing, has no class folder, or a class has no picture.</exception>
    public static IDataset<EncodedImage> FromFolder(string folder) => new ImageFiles(folder);

    /// <summary>Pictures with a mask each of the same name: <c>images/cat.jpg</c> and <c>masks/cat.png</c>, whose grey value is a pixel's class and 255 counts for none.</summary>
    /// <exception cref="UsageException">A folder is missing, there is no picture, or one has no mask.</exception>
    public static IDataset<EncodedImage> FromFolders(string images, string masks) => new ImageMaskFiles(images, masks);
}
