using System.Text;

namespace Interactive.Data;

/// <summary>Packs pictures of any source into shards, byte for byte, with their classes and names.</summary>
public static class ImagePacker
{
    /// <summary>Writes all pictures into a new folder.</summary>
    /// <param name="source">The pictures.</param>
    /// <param name="folder">An empty folder, or one that is made.</param>
    /// <param name="format">How they are written.</param>
    /// <param name="limit">Bytes of a shard or of a row group; default 64 MiB.</param>
    /// <param name="progress">Told the number of pictures written; default nobody.</param>
    /// <exception cref="UsageException">The folder holds something, or a picture cannot be
    /// read. Nothing half-written is left.</exception>
    public static void Pack(IDataset<EncodedImage> source, string folder, ShardFormat format, long limit = 1 << 26,
        Action<int>? progress = null)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new UsageException($"{folder} is not empty: give a folder of its own for the shards");
        var isNew = !Directory.Exists(folder);
        Directory.CreateDirectory(folder);
        try
        {
            if (format == ShardFormat.Mds) ToMds(source, folder, limit, progress);
            else if (format == ShardFormat.WebDataset) ToTars(source, folder, limit, progress);
            else ToParquet(source, folder, limit, progress);
            ClassNamesFile.Write(folder, source.ClassNames);
        }
        catch
        {
            if (isNew) Directory.Delete(folder, recursive: true);
            else foreach (var file in Directory.EnumerateFiles(folder)) File.Delete(file); // it was empty
            throw;
        }
    }

    private static void ToMds(IDataset<EncodedImage> source, string folder, long limit, Action<int>? progress)
    {
        var first = Read(source, 0);
        var columns = new Dictionary<string, string> { ["class"] = "int", ["image"] = "bytes", ["name"] = "str" };
        if (!first.Mask.IsEmpty) columns["mask"] = "bytes";
        using var writer = new MdsWriter(folder, columns, limit);
        for (var i = 0; i < source.Count; i++)
        {
            var image = Read(source, i);
            var values = new Dictionary<string,
                object>
            { ["class"] = (long)image.Class, ["image"] = image.File, ["name"] = image.Name };
            if (!first.Mask.IsEmpty) values["mask"] = image.Mask;
            writer.Write(new DataRecord(values));
            progress?.Invoke(i + 1);
        }
        writer.Finish();
    }

    private static void ToTars(IDataset<EncodedImage> source, string folder, long limit, Action<int>? progress)
    {
        using var writer = new WebDatasetWriter(folder, limit);
        for (var i = 0; i < source.Count; i++)
        {
            var image = Read(source, i);
            List<(string, ReadOnlyMemory<byte>)> members = [(Ending(image.File.Span), image.File)];
            if (image.Class >= 0)
                members.Add(("cls",
                Encoding.ASCII.GetBytes(image.Class.ToString(System.Globalization.CultureInfo.InvariantCulture))));
            if (!image.Mask.IsEmpty) members.Add(("mask.png", image.Mask));
            if (image.Name.Length > 0) members.Add(("name.txt", Encoding.UTF8.GetBytes(image.Name)));
            writer.Write($"{i:000000000}", members);
            progress?.Invoke(i + 1);
        }
        writer.Finish();
    }

    private static void ToParquet(IDataset<EncodedImage> source, string folder, long limit, Action<int>? progress)
    {
        var images = Enumerable.Range(0, source.Count).Select(i =>
        {
            progress?.Invoke(i);
            return Read(source, i);
        });
        ParquetImages.Write(images, !Read(source, 0).Mask.IsEmpty, source.ClassNames, Path.Combine(folder,
            "data.parquet"), limit);
        progress?.Invoke(source.Count);
    }

    private static EncodedImage Read(IDataset<EncodedImage> source, int index)
    {
        try { return source[index]; }
        catch (Exception e) when (SampleError.IsOfSample(e)) { throw SampleError.Of(index, source.Origin(index), e); }
    }

    // By the bytes, as names may lie.
    private static string Ending(ReadOnlySpan<byte> file) => file switch
    {
        [0xFF, 0xD8, ..] => "jpg",
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "png",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', ..] => "webp",
        [(byte)'B', (byte)'M', ..] => "bmp",
        [(byte)'G', (byte)'I', (byte)'F', ..] => "gif",
        _ => "image",
    };
}
