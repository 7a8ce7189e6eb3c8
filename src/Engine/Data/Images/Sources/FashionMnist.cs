using Interactive.Graphs;

namespace Interactive.Data;

/// <summary>
/// Fashion-MNIST (Xiao et al. 2017): 60,000 training and 10,000 test images of clothes, 1x28x28, 10 classes, from
/// Debian's package <c>dataset-fashion-mnist</c>.
/// </summary>
public static class FashionMnist
{
    /// <summary>Where Debian's package puts the files.</summary>
    public const string DefaultFolder = "/usr/share/datasets/fashion-mnist";

    /// <summary>Training and test set.</summary>
    /// <param name="folder">The four IDX files, gzipped or not; default <see cref="DefaultFolder"/>.</param>
    /// <exception cref="UsageException">The files are not there; the message says what to install.</exception>
    public static (IDataSource Train, IDataSource Test) Load(string? folder = null)
    {
        folder ??= DefaultFolder;
        return (Part(folder, "train"), Part(folder, "t10k"));
    }

    private static ImageDataset Part(string folder, string part)
    {
        var (sizes, images) = Idx.Read(Find(folder, $"{part}-images-idx3-ubyte"));
        var (_, labels) = Idx.Read(Find(folder, $"{part}-labels-idx1-ubyte"));
        if (sizes is not [var count, 28, 28] || count != labels.Length)
            throw new UsageException($"{folder} does not hold Fashion-MNIST: {part} has {string.Join('x', sizes)} images and {labels.Length} labels");
        return new ImageDataset(images, labels, new Shape(1, 28, 28), 10, mean: 0.2860f,
            deviation: 0.3530f)
        { ClassNames = Names };
    }

    private static readonly string[] Names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
        "Sneaker", "Bag", "Ankle boot"];

    private static string Find(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (File.Exists(path)) return path;
        if (File.Exists(path + ".gz")) return path + ".gz";
        throw new UsageException($"Fashion-MNIST is not in {folder}: apt-get install dataset-fashion-mnist");
    }
}
