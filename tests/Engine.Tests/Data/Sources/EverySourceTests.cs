using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Interactive.Data;
using Interactive.Engine.Tests.Data.Images;
using Interactive.Engine.Tests.Data.Loading;
using Interactive.Engine.Tests.Data.Remote;
using ZstdSharp;

namespace Interactive.Engine.Tests.Data.Sources;

/// <summary>The same pictures give the same batches, wherever they lie and whoever reads them.</summary>
public sealed class EverySourceTests : IDisposable
{
    private readonly TemporaryFiles files = new();
    private readonly FileServer server;
    private readonly S3Server buckets;

    public EverySourceTests()
    {
        ImageBatchesTests.Write(files);
        Directory.CreateDirectory(files["set"]);
        foreach (var name in (string[])["cat", "dog"]) Directory.Move(files[name], files[$"set/{name}"]);
        foreach (var format in ShardFormat.All) ImagePacker.Pack(Dataset.FromImages(files["set"]),
            files[$"served/{format}"], format, limit: 4000);
        Zstd(files["served/mds"], files["served/zstd"]);
        server = new FileServer(files["served"]);
        buckets = new S3Server(files[""]);
    }

    public void Dispose()
    {
        server.Dispose();
        buckets.Dispose();
        files.Dispose();
    }

    // As Streaming's writer packs shards when asked for compression="zstd".
    private static void Zstd(string from, string to)
    {
        Directory.CreateDirectory(to);
        File.Copy(Path.Combine(from, "classes.json"), Path.Combine(to, "classes.json"));
        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "index.json")))!;
        using var packer = new Compressor();
        foreach (var shard in index["shards"]!.AsArray())
        {
            var name = (string)shard!["raw_data"]!["basename"]!;
            var packed = packer.Wrap(File.ReadAllBytes(Path.Combine(from, name))).ToArray();
            File.WriteAllBytes(Path.Combine(to, $"{name}.zstd"), packed);
            shard["compression"] = "zstd";
            shard["zip_data"] = new JsonObject
            {
                ["basename"] = $"{name}.zstd", ["bytes"] = packed.Length,
                ["hashes"] = new JsonObject { ["sha1"] = Convert.ToHexStringLower(SHA1.HashData(packed)) },
            };
        }
        File.WriteAllText(Path.Combine(to, "index.json"), index.ToJsonString());
    }

    private IDataset<EncodedImage> Open(string source, string node)
    {
        var (folder, s3) = (new NodeFolder(files[node]), new Origin(site: buckets.Site));
        return source switch
        {
            "folder" => Dataset.FromImages(files["set"]),
            "cached" => Dataset.FromImages(files["set"]).Cached(),
            "tar" => Dataset.FromImages(files["served/wds"]),
            "mds" => Dataset.FromImages(files["served/mds"]),
            "mds, zstd" => Dataset.Mds(files["served/zstd"], folder).AsImages(),
            "parquet" => Dataset.FromImages(files["served/parquet"]),
            "parquet, one group kept" => Dataset.FromParquet(files["served/parquet/data.parquet"], kept: 0).AsImages(),
            "mds over http" => Dataset.Mds($"{server.Address}/mds", folder).AsImages(),
            "mds, zstd, over http" => Dataset.Mds($"{server.Address}/zstd", folder).AsImages(),
            "tar over http" => Dataset.Tars($"{server.Address}/wds/shard-{{000000..{Directory.GetFiles(files["served/wds"], "*.tar").Length - 1:000000}}}.tar", folder).AsImages(),
            "parquet over http" => Dataset.Parquet($"{server.Address}/parquet/data.parquet", 1 << 20, folder).AsImages(),
            "mds of s3" => Dataset.Mds("s3://served/mds", folder, s3).AsImages(),
            "tar of s3" => Dataset.Tars("s3://served/wds/*.tar", folder, s3).AsImages(),
            "parquet of s3" => Dataset.Parquet("s3://served/parquet/*.parquet", 1 << 20, folder, s3).AsImages(),
            _ => throw new ArgumentException(source),
        };
    }

    private static IBatchSource Batches(IDataset<EncodedImage> images)
        => images.Images(x => x.RandomResizedCrop(24).Flip().ColorJitter(0.4, 0.4, 0.4,
            0.1).RandAugment().Erase().Normalize(ImageNet.Mean, ImageNet.Std))
        .MixUpOrCutMix(classes: 2);

    [Theory]
    [InlineData("folder")]
    [InlineData("cached")]
    [InlineData("tar")]
    [InlineData("mds")]
    [InlineData("mds, zstd")]
    [InlineData("parquet")]
    [InlineData("parquet, one group kept")]
    [InlineData("mds over http")]
    [InlineData("mds, zstd, over http")]
    [InlineData("tar over http")]
    [InlineData("parquet over http")]
    [InlineData("mds of s3")]
    [InlineData("tar of s3")]
    [InlineData("parquet of s3")]
    public void The_same_batches_from_everywhere(string source)
    {
        var expected = Streams.Hash(Batches(Open("folder", "node")));
        foreach (var (workers, ranks) in ((int, int)[])[(1, 1), (2, 1), (8, 1), (1, 2), (2, 4), (8,
            4)]) // each a node folder of its own: cold
            Assert.Equal(expected, Streams.Hash(Batches(Open(source, $"node {workers} {ranks}")), workers, ranks));
        Assert.Equal(expected, Streams.Hash(Batches(Open(source, "node 1 1")), 2, 2)); // warm
        var whole = Streams.Steps(Batches(Open("folder", "node")), 0);
        Assert.Equal(3, whole.Distinct().Count());
        for (var step = 0; step < whole.Length; step++) // stopped there and opened anew, cold
            Assert.Equal(whole[step..], Streams.Steps(Batches(Open(source, $"node from {step}")), step));
    }

    [Fact]
    public void A_packed_shard_that_is_damaged_is_never_used()
    {
        string Error() => Assert.Throws<UsageException>(() => Dataset.Mds(files["served/zstd"],
            new NodeFolder(files["other"]))[0]).Message;
        var path = files["served/zstd/shard.00000.mds.zstd"];
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..^9]);
        Assert.Equal($"{path} has {whole.Length - 9} bytes, the index says {whole.Length}: it is cut short", Error());
        var index = File.ReadAllText(files["served/zstd/index.json"]);
        void Said(byte[] bytes, string problem)
        {
            File.WriteAllBytes(path, bytes);
            File.WriteAllText(files["served/zstd/index.json"], index.Replace($"\"bytes\":{whole.Length}",
                $"\"bytes\":{bytes.Length}", StringComparison.Ordinal));
            Assert.StartsWith($"{path}{problem}", Error());
            Assert.Empty(Directory.GetFiles(files["other"], "*.mds"));
            Assert.Empty(Directory.GetFiles(files["other"], "*.part"));
        }
        Said(whole[..^9], " is damaged or cut short: ");
        using var packer = new Compressor();
        var raw = File.ReadAllBytes(files["served/mds/shard.00000.mds"]);
        Said(packer.Wrap(new byte[raw.Length + 1_000_000]).ToArray(),
            $" unpacks to more than the {raw.Length} bytes that the index says");
        Said(packer.Wrap(raw[..^1]).ToArray(), $" unpacks to {raw.Length - 1} bytes, the index says {raw.Length}");
        raw[^1] ^= 1;
        Said(packer.Wrap(raw).ToArray(), ": the SHA-1 of what it unpacks to is ");
        File.WriteAllText(files["served/zstd/index.json"], index.Replace("\"zstd\"", "\"br:11\"",
            StringComparison.Ordinal));
        File.WriteAllBytes(path, whole);
        Assert.Equal($"{path} is packed by br:11: zstd is read", Error());
    }
}
