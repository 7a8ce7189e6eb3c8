using Interactive.Data;
using Interactive.Engine.Tests.Data.Images;
using Interactive.Engine.Tests.Data.Loading;

namespace Interactive.Engine.Tests.Data.Packing;

public class PackedImagesTests
{
    private static ImagePipeline Usual(ImagePipeline x)
        => x.RandomResizedCrop(24).Flip().ColorJitter(0.4, 0.4, 0.4, 0.1).Normalize(ImageNet.Mean, ImageNet.Std);

    [Theory]
    [InlineData("mds")]
    [InlineData("wds")]
    [InlineData("parquet")]
    public void Packed_pictures_give_the_folder_s_very_batches(string format)
    {
        using var files = new TemporaryFiles();
        ImageBatchesTests.Write(files);
        Directory.CreateDirectory(files["set"]);
        foreach (var name in (string[])["cat", "dog"]) Directory.Move(files[name], files[$"set/{name}"]);
        var folder = Dataset.FromImages(files["set"]);
        ImagePacker.Pack(folder, files["packed"], ShardFormat.Parse(format), limit: 4000);
        Assert.True(format == "parquet" ? new ParquetFile(files["packed/data.parquet"]).Rows.Count > 3
            : Directory.GetFiles(files["packed"]).Length > 5, "one shard shows nothing");
        var packed = Dataset.FromImages(files["packed"]);
        Assert.Equal(24, packed.Count);
        Assert.Equal(folder.ClassNames, packed.ClassNames);
        Assert.Equal(folder.Count,
            Enumerable.Range(0, 24)
            .Count(i => folder[i].File.Span.SequenceEqual(packed[i].File.Span) && folder[i].Class == packed[i].Class
            && folder[i].Name == packed[i].Name));
        Assert.Equal(Classes.Of(folder), Classes.Of(packed));
        var expected = Streams.Hash(folder.Images(Usual));
        foreach (var (workers, ranks) in ((int, int)[])[(1, 1), (2, 2),
            (8, 4)]) Assert.Equal(expected, Streams.Hash(packed.Images(Usual), workers, ranks));
        // opened again: now with what was kept beside it
        Assert.Equal(expected, Streams.Hash(Dataset.FromImages(files["packed"]).Images(Usual), 2));
        Assert.Equal(Streams.Steps(folder.Images(Usual), 1), Streams.Steps(packed.Images(Usual), 1));
    }

    [Fact]
    public void A_picture_that_cannot_be_read_leaves_nothing_half_written()
    {
        using var files = new TemporaryFiles();
        ImageBatchesTests.Write(files, 3);
        Directory.CreateDirectory(files["set"]);
        Directory.Move(files["cat"], files["set/cat"]);
        var source = Dataset.FromFolder(files["set"])
            .Map(image => image.Name.Contains("02") ? throw new InvalidDataException("gone") : image);
        foreach (var format in ShardFormat.All)
        {
            Assert.Contains("cannot be read: gone",
                Assert.Throws<UsageException>(() => ImagePacker.Pack(source, files["packed"], format)).Message);
            Assert.False(Directory.Exists(files["packed"]));
        }
        Assert.Equal("unknown format 'zip': choose mds, wds or parquet",
            Assert.Throws<UsageException>(() => ShardFormat.Parse("zip")).Message);
        Assert.StartsWith($"{files.Folder} is not empty",
            Assert.Throws<UsageException>(() => ImagePacker.Pack(source, files.Folder, ShardFormat.Mds)).Message);
    }
}
