using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Formats;

public class MdsTests
{
    private static DataRecord Sample(string name, long x)
        => new(new Dictionary<string, object> { ["name"] = name, ["x"] = x });

    private static void Write(string folder, int count = 2, long limit = 1 << 26)
    {
        using var writer = new MdsWriter(folder, new Dictionary<string, string> { ["x"] = "int", ["name"] = "str" },
            limit);
        if (count == 2)
        {
            writer.Write(Sample("a", 1));
            writer.Write(Sample("bc", -2));
        }
        else for (var i = 0; i < count; i++) writer.Write(Sample($"sample {i}", i));
        writer.Finish();
    }

    [Theory]
    [InlineData("[null]")]
    [InlineData("[{}]")]
    [InlineData("""[{"format":"mds","version":2,"samples":1,"raw_data":{"basename":null,"bytes":1},"column_names":["x"],"column_encodings":["int"]}]""")]
    [InlineData("""[{"format":"mds","version":2,"samples":1,"raw_data":{"basename":"a","bytes":1},"column_names":["x"],"column_encodings":[null]}]""")]
    public void A_shard_that_the_index_does_not_describe_is_refused(string shards)
    {
        using var files = new TemporaryFiles();
        files.Write("index.json", $$"""{"version":2,"shards":{{shards}}}""");
        Assert.Contains("a shard lacks its raw_data, basename, column_names or column_encodings",
            Assert.Throws<UsageException>(() => Dataset.FromMds(files.Folder)).Message);
    }

    // The bytes that MosaicML Streaming's own writer makes, with no hashes asked for: its SHA-1 is known.
    [Fact]
    public void A_shard_has_the_bytes_of_Streaming()
    {
        using var files = new TemporaryFiles();
        Write(files["set"]);
        var shard = File.ReadAllBytes(files["set/shard.00000.mds"]);
        var text = Encoding.UTF8.GetString(shard);
        var bare = text.Replace("\"hashes\": [\"sha1\"]", "\"hashes\": []");
        var shift = text.Length - bare.Length;
        // without our hash in the header all offsets lie that much lower
        byte[] expected = [.. shard];
        for (var i = 0; i < 3; i++)
            BitConverter.GetBytes(BitConverter.ToUInt32(shard, 4 + 4 * i) - (uint)shift).CopyTo(expected, 4 + 4 * i);
        var at = shard.AsSpan().IndexOf("\"sha1\""u8);
        expected = [.. expected[..at], .. expected[(at + shift)..]];
        Assert.Equal(227, expected.Length);
        Assert.Equal("e846e9ec1ecaceb248c4d082c404913d230f4715", Convert.ToHexStringLower(SHA1.HashData(expected)));
        using var index = JsonDocument.Parse(File.ReadAllText(files["set/index.json"]));
        var first = index.RootElement.GetProperty("shards")[0];
        Assert.Equal(2, index.RootElement.GetProperty("version").GetInt32());
        Assert.Equal(["column_encodings", "column_names", "column_sizes", "compression", "format", "hashes", "raw_data",
            "samples", "size_limit", "version", "zip_data"],
            first.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal((shard.Length, "shard.00000.mds"),
            (first.GetProperty("raw_data").GetProperty("bytes").GetInt32(),
            first.GetProperty("raw_data").GetProperty("basename").GetString()));
        Assert.Equal(Convert.ToHexStringLower(SHA1.HashData(shard)),
            first.GetProperty("raw_data").GetProperty("hashes").GetProperty("sha1").GetString());
    }

    [Fact]
    public void Samples_come_back_from_any_shard()
    {
        using var files = new TemporaryFiles();
        Write(files["set"], 100, limit: 600);
        var data = Dataset.FromMds(files["set"]);
        Assert.Equal(100, data.Count);
        Assert.InRange(Directory.GetFiles(files["set"], "*.mds").Length, 5, 50);
        Assert.All(Directory.GetFiles(files["set"], "*.mds"), f => Assert.InRange(new FileInfo(f).Length, 1, 600));
        Parallel.For(0, 300,
            i
            => Assert.Equal(($"sample {i % 100}", i % 100),
            (data[i % 100].Text("name"), (int)data[i % 100].Integer("x"))));
        Assert.EndsWith(".mds, sample 0", data.Origin(0));
        Assert.Empty(Dataset.Problems(files["set"]));
        Assert.Equal("there is no column 'y': there are name, x",
            Assert.Throws<UsageException>(() => data[0].Integer("y")).Message);
    }

    [Fact]
    public void Every_encoding_keeps_its_value()
    {
        using var files = new TemporaryFiles();
        var values = new Dictionary<string, (string Encoding, object Value)>
        {
            ["a"] = ("int8", -128L), ["b"] = ("uint8", 255L), ["c"] = ("int16", -32768L), ["d"] = ("uint16",
                65535L), ["e"] = ("int32", -5L), ["f"] = ("uint32", 4294967295L),
            ["g"] = ("int64", long.MinValue), ["h"] = ("uint64", long.MaxValue), ["i"] = ("float32",
                0.5), ["j"] = ("float64", 0.1), ["k"] = ("str", "für"), ["l"] = ("str_int", -77L), ["m"] = ("json",
                "{}"),
        };
        using (var writer = new MdsWriter(files["set"], values.ToDictionary(v => v.Key, v => v.Value.Encoding)))
        {
            writer.Write(new DataRecord(values.ToDictionary(v => v.Key, v => v.Value.Value)));
            Assert.StartsWith("column 'b' is of uint8, got 256",
                Assert.Throws<UsageException>(()
                => writer.Write(new DataRecord(values.ToDictionary(v => v.Key,
                v => v.Key == "b" ? 256L : v.Value.Value)))).Message);
            writer.Finish();
        }
        var back = Dataset.FromMds(files["set"])[0];
        foreach (var (name, (_, value)) in values) Assert.Equal(value, back[name]);
        Assert.Contains("pkl are not read, as a pickle runs code",
            Assert.Throws<UsageException>(()
            => new MdsWriter(files["other"], new Dictionary<string, string> { ["x"] = "pkl" })).Message);
    }

    [Fact]
    public void What_is_wrong_is_told_in_one_line()
    {
        using var files = new TemporaryFiles();
        string Error() => Assert.Throws<UsageException>(() => Dataset.FromMds(files["set"])).Message;
        Assert.StartsWith($"{files["set/index.json"]}: there is no such file", Error());
        Write(files["set"]);
        var shard = files["set/shard.00000.mds"];
        var whole = File.ReadAllBytes(shard);
        File.WriteAllBytes(shard, whole[..100]);
        Assert.Equal($"{shard} has 100 bytes, the index says {whole.Length}: it is cut short", Error());
        File.WriteAllBytes(shard, [.. whole[..^1], (byte)(whole[^1] ^ 1)]);
        Assert.Contains("its SHA-1 is", Assert.Single(Dataset.Problems(files["set"])));
        byte[] table = [.. whole];
        table[9] = 0xFF;
        File.WriteAllBytes(shard, table);
        Assert.Contains("the table of its 2 samples is damaged",
            Assert.Throws<InvalidDataException>(() => Dataset.FromMds(files["set"])[0]).Message);
        var index = File.ReadAllText(files["set/index.json"]);
        File.WriteAllText(files["set/index.json"], index.Replace("shard.00000.mds", "../shard.mds"));
        Assert.EndsWith("the shard '../shard.mds' would lie outside the folder", Error());
        File.WriteAllText(files["set/index.json"], "{");
        Assert.Contains("is no index of MDS shards", Error());
        File.WriteAllText(files["set/index.json"], index);
        File.Delete(shard);
        Assert.Equal($"{shard}: the shard is missing", Error());
        Assert.EndsWith("is not empty: give a folder of its own for the shards",
            Assert.Throws<UsageException>(() => Write(files["set"])).Message);
    }

    [Fact]
    public void What_is_not_finished_leaves_nothing()
    {
        using var files = new TemporaryFiles();
        using (var writer = new MdsWriter(files["set"],
            new Dictionary<string, string> { ["name"] = "str", ["x"] = "int" }, 300))
            for (var i = 0; i < 40; i++) writer.Write(Sample("a name", i));
        Assert.Empty(Directory.GetFiles(files["set"]));
    }
}
