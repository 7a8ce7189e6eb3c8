using System.Security.Cryptography;
using System.Text;
using Interactive.Data;
using Interactive.Engine.Tests.Data.Images;
using Interactive.Engine.Tests.Data.Loading;
using Kind = Interactive.Engine.Tests.Data.Remote.FileServer.Kind;

namespace Interactive.Engine.Tests.Data.Remote.Cluster;

/// <summary>Machines (each a folder and connections of its own) share what they fetch, and none fails with the cache.</summary>
[Trait("Speed", "slow")]
public sealed class ClusterCacheTests : IDisposable
{
    // Of a machine that does other things too: what is slow here is no fault.
    private static readonly CacheTimes patient = new()
    {
        Patience = TimeSpan.FromSeconds(20), Connect = TimeSpan.FromSeconds(20), Claim = TimeSpan.FromSeconds(20),
    };

    private readonly TemporaryFiles files = new();
    private readonly FileServer origin;
    private readonly List<string> warnings = [];
    private readonly Action<string> before = CacheServer.Warn;
    private readonly Lazy<string> expected;

    public ClusterCacheTests()
    {
        ImageBatchesTests.Write(files);
        Directory.CreateDirectory(files["set"]);
        foreach (var name in (string[])["cat", "dog"]) Directory.Move(files[name], files[$"set/{name}"]);
        foreach (var format in (ShardFormat[])[ShardFormat.Mds, ShardFormat.WebDataset]) ImagePacker.Pack(Dataset.FromImages(files["set"]),
            files[$"origin/{format}"], format, limit: 1000); // many shards
        origin = new FileServer(files["origin"]);
        expected = new(() => Hash(Dataset.FromMds(files["origin/mds"])));
        CacheServer.Warn = line => { lock (warnings) warnings.Add(line); };
    }

    public void Dispose()
    {
        CacheServer.Warn = before;
        origin.Dispose();
        files.Dispose();
    }

    private static string Hash(IDataset<DataRecord> data)
        => Streams.Hash(data.Images(x => x.RandomResizedCrop(24).Normalize(ImageNet.Mean, ImageNet.Std)), workers: 2);

    private MdsDataset Mds(string machine, ClusterCache cache) => Dataset.Mds($"{origin.Address}/mds",
        new NodeFolder(files[machine]), new Origin(TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(5)), cache);

    private string Read(string machine, string servers, CacheTimes? times = null)
    {
        using var cache = new ClusterCache(servers, times ?? patient);
        using var data = Mds(machine, cache);
        return Hash(data);
    }

    private int Shards => Directory.GetFiles(files["origin/mds"], "*.mds").Length;

    private long Bytes => Directory.GetFiles(files["origin/mds"], "*.mds").Sum(f => new FileInfo(f).Length);

    private int Fetched(string extension = ".mds")
    {
        lock (origin.Requests) return origin.Requests.Count(r => r.Path.StartsWith("GET", StringComparison.Ordinal)
            && r.Path.EndsWith(extension, StringComparison.Ordinal));
    }

    [SkippableFact]
    public void Each_shard_leaves_its_origin_once_however_many_machines_read_it_at_once()
    {
        RedisServer.Need();
        using var redis = new RedisServer();
        using var counts = new Counts();
        Parallel.For(0, 4, new() { MaxDegreeOfParallelism = 4 }, i => Assert.Equal(expected.Value, Read($"node{i}", redis.Address)));
        Assert.True(Shards > 3, "one shard shows nothing");
        Assert.Equal(Shards, Fetched());
        Assert.Equal((Shards, 3 * Shards), (counts["hits.origin"], counts["hits.cluster"]));
        Assert.Equal((Bytes, 3 * Bytes), (counts["read.origin"], counts["read.cluster"]));
        var found = counts["hits.node"]; // threads that waited for each other
        Assert.Equal(expected.Value, Read("node0", redis.Address)); // warm
        Assert.Equal((Shards, 3 * Shards), (Fetched(), counts["hits.cluster"]));
        Assert.InRange(counts["hits.node"] - found, Shards, 2 * Shards);
        Assert.True(counts["hits.process"] > Shards);
        Assert.Empty(warnings);
        Assert.DoesNotContain(redis.Keys(), key => key.EndsWith(":claim", StringComparison.Ordinal));
        Assert.All(redis.Keys(), key => Assert.NotNull(redis.Ask(d => d.KeyTimeToLive(key))));
    }

    [SkippableFact]
    public void Archives_are_shared_too()
    {
        RedisServer.Need();
        using var redis = new RedisServer();
        var run = $"{origin.Address}/wds/shard-{{000000..{Directory.GetFiles(files["origin/wds"], "*.tar").Length - 1:000000}}}.tar";
        foreach (var machine in (string[])["one", "two"])
        {
            using var cache = new ClusterCache(redis.Address, patient);
            using var data = Dataset.Tars(run, new NodeFolder(files[machine]), new Origin(), cache);
            Assert.Equal(expected.Value, Hash(data));
        }
        Assert.Equal(Directory.GetFiles(files["origin/wds"], "*.tar").Length, Fetched(".tar"));
    }

    [SkippableFact]
    public void A_server_that_is_killed_is_a_miss_and_comes_back()
    {
        RedisServer.Need();
        using var redis = new RedisServer();
        var times = patient with { Rest = TimeSpan.FromMilliseconds(200), Connect = TimeSpan.FromMilliseconds(200) };
        using var cache = new ClusterCache(redis.Address, times);
        using (var data = Mds("one", cache))
        {
            Assert.NotNull(data[0]);
            redis.Kill();
            Assert.Equal(expected.Value, Hash(data)); // the rest of the shards
        }
        Assert.Equal(Shards, Fetched());
        Assert.StartsWith($"warning: data cache {redis.Address} does not answer, data come from their origin: ", Assert.Single(warnings));
        redis.Start(); // empty
        for (var tries = 0; redis.Keys().Length < Shards && tries < 100; tries++) // until it is asked again
        {
            Thread.Sleep(100);
            using var data = Mds($"again {tries}", cache);
            Assert.Equal(expected.Value, Hash(data));
        }
        var fetched = Fetched();
        Assert.Equal(expected.Value, Read("last", redis.Address));
        Assert.Equal(fetched, Fetched());
    }

    [SkippableFact]
    public void One_that_falls_silent_is_a_miss_and_is_not_waited_for_again()
    {
        RedisServer.Need();
        using var redis = new RedisServer();
        Assert.Equal(expected.Value, Read("one", redis.Address));
        using var counts = new Counts();
        using var cache = new ClusterCache(redis.Address, patient with
        {
            Patience = TimeSpan.FromMilliseconds(250),
            Rest = TimeSpan.FromHours(1),
        });
        using var data = Mds("two", cache);
        Assert.NotNull(data[0]); // connected
        redis.FallSilent();
        Assert.Equal(expected.Value, Hash(data));
        redis.GoOn();
        Assert.InRange(counts["faults.silent"], 1, 2); // by each of the threads that asked then
        Assert.Equal(Shards, counts["hits.origin"] + counts["hits.cluster"]);
    }

    [SkippableFact]
    public void One_that_is_full_serves_what_it_has()
    {
        RedisServer.Need();
        using var redis = new RedisServer();
        using var cache = new ClusterCache(redis.Address, patient with { Rest = TimeSpan.FromHours(1) });
        using (var data = Mds("one", cache))
        {
            Assert.NotNull(data[0]);
            redis.Fill();
            Assert.Equal(expected.Value, Hash(data));
        }
        Assert.Equal($"warning: data cache {redis.Address} is full", Assert.Single(warnings));
        var held = redis.Keys().Length;
        Assert.InRange(held, 1, Shards - 1);
        using var counts = new Counts();
        using (var data = Mds("two", cache)) Assert.Equal(expected.Value, Hash(data));
        Assert.Equal((held, Shards - held), (counts["hits.cluster"], counts["hits.origin"]));
    }

    // A value is the SHA-256 of its key and bytes, and the bytes.
    [SkippableTheory]
    [InlineData("a bit")]
    [InlineData("cut short")]
    [InlineData("another part")]
    [InlineData("another file, well sealed")]
    public void Wrong_bytes_are_never_used_and_are_replaced(string lie)
    {
        RedisServer.Need();
        using var redis = new RedisServer();
        Assert.Equal(expected.Value, Read("one", redis.Address));
        var keys = redis.Keys();
        redis.Ask(d => keys.Select((key, i) =>
        {
            var value = (byte[])d.StringGet(key)!;
            if (lie == "another part") value = (byte[])d.StringGet(keys[(i + 1) % keys.Length])!;
            if (lie == "a bit") value[^5] ^= 4;
            if (lie == "another file, well sealed")
            {
                value[^5] ^= 4;
                SHA256.HashData([.. Encoding.UTF8.GetBytes(key), .. value[32..]]).CopyTo(value, 0);
            }
            return d.StringSet(key, lie == "cut short" ? value[..^3] : value);
        }).ToArray());
        using (var counts = new Counts())
        {
            Assert.Equal(expected.Value, Read("two", redis.Address));
            Assert.Equal(Shards, counts["hits.origin"]);
            Assert.True(counts["faults.wrong"] >= Shards);
            Assert.Equal(2 * Shards, Fetched());
        }
        Assert.Equal(expected.Value, Read("three", redis.Address)); // the right ones are there again
        Assert.Equal(2 * Shards, Fetched());
    }

    [SkippableFact]
    public void With_several_servers_each_has_a_share_and_only_that_goes_with_it()
    {
        RedisServer.Need();
        using var one = new RedisServer();
        using var two = new RedisServer();
        var both = $"{one.Address},{two.Address}";
        Assert.Equal(expected.Value, Read("one", both));
        Assert.True(one.Keys().Length > 0 && two.Keys().Length > 0);
        Assert.Equal(Shards, one.Keys().Length + two.Keys().Length);
        var lost = one.Keys().Length;
        one.Kill();
        using var counts = new Counts();
        Assert.Equal(expected.Value, Read("two", both, patient with { Connect = TimeSpan.FromMilliseconds(200) }));
        Assert.Equal((lost, Shards - lost), (counts["hits.origin"], counts["hits.cluster"]));
    }

    [Fact]
    public void Without_any_server_data_come_from_their_origin()
    {
        Assert.Equal(expected.Value, Read("one", "127.0.0.1:1", patient with { Connect = TimeSpan.FromMilliseconds(200) }));
        Assert.Single(warnings);
        Assert.Equal(Shards, Fetched());
    }

    [SkippableFact]
    public void A_machine_that_dies_while_it_fetches_is_not_waited_for_long()
    {
        RedisServer.Need();
        using var redis = new RedisServer();
        Assert.Equal(expected.Value, Read("one", redis.Address));
        foreach (var key in redis.Keys()) redis.Ask(d => // as if one had begun each and been killed
        {
            d.KeyDelete(key);
            return d.StringSet($"{key[..key.LastIndexOf(':')]}:claim", "another", TimeSpan.FromMilliseconds(300));
        });
        Assert.Equal(expected.Value, Read("two", redis.Address));
        Assert.Equal(2 * Shards, Fetched());
        foreach (var key in redis.Keys()) redis.Ask(d => // one that lives, and does not come to an end
        {
            d.KeyDelete(key);
            return d.StringSet($"{key[..key.LastIndexOf(':')]}:claim", "another");
        });
        Assert.Equal(expected.Value, Read("three", redis.Address, patient with { Deadline = TimeSpan.FromMilliseconds(50) }));
        Assert.Equal(3 * Shards, Fetched());
    }

    [SkippableFact]
    public void A_password_is_asked_for_and_a_wrong_one_is_a_miss()
    {
        RedisServer.Need();
        using var redis = new RedisServer("--requirepass", "se:cret");
        Assert.Equal(expected.Value, Read("one", $"redis://:se%3Acret@{redis.Address}"));
        Assert.Equal(expected.Value, Read("two", $"redis://:se%3Acret@{redis.Address}/"));
        Assert.Equal(Shards, Fetched());
        Assert.Empty(warnings);
        Assert.Equal(expected.Value, Read("three", redis.Address, patient with { Connect = TimeSpan.FromSeconds(1) }));
        Assert.Equal(2 * Shards, Fetched());
        Assert.Single(warnings);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)] // the origin sends whole files only
    public void A_file_of_several_parts_is_taken_as_far_as_it_is_there(bool noRanges)
    {
        RedisServer.Need();
        using var redis = new RedisServer();
        using var cache = new ClusterCache(redis.Address, patient);
        var bytes = new byte[(5 << 19) + 7]; // two parts and a half
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(files["origin/large"], bytes);
        var sha1 = Convert.ToHexStringLower(SHA1.HashData(bytes));
        void Fetch()
        {
            new Tiers(new NodeFolder(files["node"]), cache).Fetch(new Uri($"{origin.Address}/large"), files["copy"], bytes.Length, sha1, "large");
            Assert.Equal(bytes, File.ReadAllBytes(files["copy"]));
        }
        Fetch();
        var keys = redis.Keys();
        Assert.Equal(3, keys.Length);
        Fetch();
        Assert.Equal(1, Fetched("large"));
        Assert.True(redis.Ask(d => d.KeyDelete(keys[1])));
        if (noRanges) origin.Fault = (_, _) => (Kind.NoRanges, 0);
        using var counts = new Counts();
        Fetch();
        Assert.Equal((1L << 20, bytes.Length - (1L << 20)), (counts["read.cluster"], counts["read.origin"]));
        Assert.Equal(1 << 20, origin.Requests[^1].From);
        Assert.Equal(keys, redis.Keys());
    }

    [Theory]
    [InlineData(",", "INTERACTIVE_DATA_CACHE=,: it names no server, such as node1:6379")]
    [InlineData("http://node1", "INTERACTIVE_DATA_CACHE: 'http://node1' is no server: host, host:port or redis://:password@host:port is needed")]
    [InlineData("redis://:secret@node:x", "INTERACTIVE_DATA_CACHE: '…@node:x' is no server: host, host:port or redis://:password@host:port is needed")]
    public void What_is_no_server_is_told_without_its_password(string text, string message)
        => Assert.Equal(message, Assert.Throws<UsageException>(() => new ClusterCache(text)).Message);
}
