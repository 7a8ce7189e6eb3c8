using Interactive.Data;
using Interactive.Engine.Tests.Data.Images;
using Interactive.Engine.Tests.Data.Loading;
using Kind = Interactive.Engine.Tests.Data.Remote.FileServer.Kind;

namespace Interactive.Engine.Tests.Data.Remote;

public sealed class RemoteTests : IDisposable
{
    private readonly TemporaryFiles files = new();
    private readonly FileServer server;

    public RemoteTests()
    {
        ImageBatchesTests.Write(files);
        Directory.CreateDirectory(files["set"]);
        foreach (var name in (string[])["cat", "dog"]) Directory.Move(files[name], files[$"set/{name}"]);
        ImagePacker.Pack(Dataset.FromImages(files["set"]), files["origin/mds"], ShardFormat.Mds, limit: 4000);
        ImagePacker.Pack(Dataset.FromImages(files["set"]), files["origin/wds"], ShardFormat.WebDataset, limit: 4000);
        server = new FileServer(files["origin"]);
    }

    public void Dispose()
    {
        server.Dispose();
        files.Dispose();
    }

    // Waits long for an answer, as a loaded machine needs, and asks again at once.
    private static Origin Eager => new(TimeSpan.FromSeconds(60), TimeSpan.FromMilliseconds(5));

    private MdsDataset Mds(string node = "node") => Dataset.Mds($"{server.Address}/mds", new NodeFolder(files[node]),
        Eager);

    private static string Hash(IDataset<DataRecord> data, int workers = 2, int ranks = 1)
        => Streams.Hash(data.Images(x => x.RandomResizedCrop(24).Flip().Normalize(ImageNet.Mean, ImageNet.Std)),
            workers, ranks);

    private string Expected => Hash(Dataset.FromMds(files["origin/mds"]));

    private string[] Shards => [.. Directory.GetFiles(files["origin/mds"], "*.mds").Select(f
        => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    private long Bytes => Shards.Sum(s => new FileInfo(files[$"origin/mds/{s}"]).Length);

    private static string Error(Action run) => Assert.Throws<UsageException>(run).Message;

    [Fact]
    public void Shards_over_http_give_the_folder_s_batches_and_each_is_fetched_once()
    {
        var expected = Expected;
        using (var cold = Mds()) Assert.Equal(expected, Hash(cold, 8, 2));
        Assert.True(Shards.Length > 3, "one shard shows nothing");
        Assert.Equal(1, server.Requests.CountBy(r => r.Path)
            .Where(r => r.Key.EndsWith(".mds", StringComparison.Ordinal)).Max(r => r.Value));
        var sent = server.Sent;
        using (var warm = Mds()) Assert.Equal(expected, Hash(warm));
        Assert.InRange(server.Sent - sent, 0, 20_000); // the index and the names of the classes
        Assert.Equal(Shards.Length, Directory.GetFiles(files["node"], "*.mds").Length);
        Assert.Empty(Directory.GetFiles(files["node"], "*.part"));
    }

    [Fact]
    public void Several_processes_of_a_machine_share_what_was_fetched()
    {
        var expected = Expected;
        Parallel.For(0, 4, _ =>
        {
            using var data = Mds();
            Assert.Equal(expected, Hash(data));
        });
        Assert.Equal(Bytes, server.Requests.Where(r => r.Path.EndsWith(".mds", StringComparison.Ordinal))
            .Select(r => r.Path).Distinct()
            .Sum(p => new FileInfo(files["origin" + p[4..]]).Length));
        Assert.Equal(Shards.Length, server.Requests.Count(r => r.Path.EndsWith(".mds", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(503, 1, 4)]
    [InlineData(429, 1, 2)]
    [InlineData(500, 4, 4)]
    public void A_server_that_refuses_for_a_moment_is_asked_again(int status, int from, int times)
    {
        server.Fault = (n, path) => path.EndsWith(".mds", StringComparison.Ordinal) && n < times
            ? (Kind.Status, status) : (Kind.None, from);
        using var data = Mds();
        Assert.Equal(Expected, Hash(data));
    }

    [Fact]
    public void A_body_that_is_cut_short_is_fetched_on_from_where_it_broke()
    {
        server.Fault = (_, path) => path.EndsWith(".mds", StringComparison.Ordinal) ? (Kind.CutShort, 1500)
            : (Kind.None, 0);
        using var data = Mds();
        Assert.Equal(Expected, Hash(data)); // dozens of breaks: each got further, so none is the last
        Assert.Contains(server.Requests, r => r.From == 3000);
        Assert.Equal(Bytes, server.Sent - new FileInfo(files["origin/mds/index.json"]).Length - new FileInfo(files["origin/mds/classes.json"]).Length);
    }

    [Fact]
    public void A_server_without_ranges_is_asked_for_the_whole_again()
    {
        server.Fault = (n, path) => !path.EndsWith(".mds", StringComparison.Ordinal) ? (Kind.None, 0) : n == 0
            ? (Kind.CutShort, 1500) : (Kind.NoRanges, 0);
        using var data = Mds();
        Assert.Equal(Expected, Hash(data));
    }

    [Fact]
    public void A_server_that_falls_silent_is_given_up_and_asked_again()
    {
        server.Fault = (n, path) => path.EndsWith(Shards[0], StringComparison.Ordinal) && n == 0
            ? (Kind.Silent, 60_000) : (Kind.None, 0);
        using var data = Dataset.Mds($"{server.Address}/mds", new NodeFolder(files["node"]),
            new Origin(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(5)));
        Assert.Equal(Expected, Hash(data));
        server.Fault = (_, path) => path.EndsWith(".mds", StringComparison.Ordinal) ? (Kind.Silent, 60_000)
            : (Kind.None, 0);
        using var never = Dataset.Mds($"{server.Address}/mds", new NodeFolder(files["other"]),
            new Origin(TimeSpan.FromSeconds(0.1), TimeSpan.FromMilliseconds(5)));
        Assert.Equal($"{server.Address}/mds/{Shards[0]}: 5 tries failed: no byte came for 0.1 s", Error(()
            => _ = never[0]));
    }

    [Fact]
    public void A_server_that_is_killed_and_comes_back_changes_nothing()
    {
        var expected = Expected;
        using var data = Dataset.Mds($"{server.Address}/mds", new NodeFolder(files["node"]),
            new Origin(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(0.2)));
        var killed = 0;
        server.Fault = (_, path) =>
        {
            if (path.EndsWith(Shards[1], StringComparison.Ordinal) && Interlocked.Exchange(ref killed, 1) == 0)
            {
                server.Kill();
                Task.Delay(400).ContinueWith(t => server.Start(), TaskScheduler.Default);
            }
            return (Kind.None, 0);
        };
        Assert.Equal(expected, Hash(data));
        Assert.Equal(1, killed);
    }

    [Fact]
    public void A_server_that_stays_away_is_told_in_one_line()
    {
        using var data = Mds();
        server.Kill();
        Assert.StartsWith($"{server.Address}/mds/{Shards[0]}: 5 tries failed: ", Error(() => _ = data[0]));
        Assert.StartsWith($"{server.Address}/mds/index.json: 5 tries failed: ", Error(() => Mds()));
        Assert.Empty(Directory.GetFiles(files["node"], "*.part"));
    }

    [Fact]
    public void Wrong_bytes_are_never_used_nor_kept()
    {
        server.Fault = (_, path) => path.EndsWith(Shards[0], StringComparison.Ordinal) ? (Kind.Lie, 0) : (Kind.None, 0);
        using var data = Mds();
        var message = Error(() => _ = data[0]);
        Assert.StartsWith($"{server.Address}/mds/{Shards[0]}: its SHA-1 is ", message);
        Assert.Contains(", the index says ", message);
        Assert.Equal(message, Assert.Single(data.Problems()));
        Assert.Equal(Shards.Length - 1, Directory.GetFiles(files["node"], "*.mds").Length);
        server.Fault = (_, _) => (Kind.None, 0);
        Assert.Equal(Expected, Hash(data)); // the right ones are
        File.AppendAllText(files[$"origin/mds/{Shards[0]}"], "more");
        foreach (var file in Directory.GetFiles(files["node"], "*.mds")) File.Delete(file);
        using var other = Mds();
        Assert.EndsWith(" bytes that it should have: it is another file", Error(() => _ = other[0]));
        server.Fault = (_, path) => path.EndsWith(".mds", StringComparison.Ordinal) ? (Kind.WrongRange, 0)
            : (Kind.None, 0);
        Assert.Equal($"{server.Address}/mds/{Shards[0]}: the bytes from 5 on were asked for, the server sent those from 6 on",
            Error(() => Eager.Read(new Uri($"{server.Address}/mds/{Shards[0]}"), 5, 10)));
    }

    [Fact]
    public void What_is_not_there_or_not_allowed_is_told_at_once()
    {
        Assert.Equal($"{server.Address}/none/index.json: there is no such file; an MDS data set is a folder with an index.json",
            Error(() => Dataset.FromMds($"{server.Address}/none")));
        Assert.Equal("gs://bucket/set: addresses of http, https and s3 are read, gs is not", Error(()
            => Dataset.FromImages("gs://bucket/set")));
        server.Fault = (_, path) => path.EndsWith(".mds", StringComparison.Ordinal) ? (Kind.Status, 403)
            : (Kind.None, 0);
        using var data = Mds();
        server.Requests.Clear();
        Assert.Equal($"{server.Address}/mds/{Shards[0]}: the server answers 403 Forbidden", Error(() => _ = data[0]));
        Assert.Single(server.Requests);
        var name = Shards[1];
        File.Delete(files[$"origin/mds/{name}"]);
        server.Fault = (_, _) => (Kind.None, 0);
        var sample = Enumerable.Range(0, data.Count)
            .First(i => data.Origin(i).Contains(name, StringComparison.Ordinal));
        Assert.Equal($"{server.Address}/mds/{name}: the server answers 404 Not Found", Error(() => _ = data[sample]));
    }

    [Fact]
    public void A_node_folder_that_takes_nothing_is_left_out_with_one_warning()
    {
        var (said, before) = (new List<string>(), NodeFolder.Warn);
        NodeFolder.Warn = said.Add;
        try
        {
            File.WriteAllText(files["full"], "a file where the folder should be");
            using var data = Mds("full");
            Assert.Equal(Expected, Hash(data));
            Assert.InRange(said.Count, 0, 1); // once in a process
            if (said.Count == 1) Assert.StartsWith($"warning: {files["full"]} cannot keep data of elsewhere, they are read where they are: ", said[0]);
        }
        finally { NodeFolder.Warn = before; }
    }

    [Fact]
    public void A_file_of_the_node_folder_that_was_cut_is_fetched_again()
    {
        using (var data = Mds()) Hash(data);
        foreach (var file in Directory.GetFiles(files["node"], "*.mds")) File.WriteAllBytes(file,
            File.ReadAllBytes(file)[..100]);
        File.WriteAllText(Path.Combine(files["node"], "left.mds.part"), "by a process that was killed");
        using (var data = Mds()) Assert.Equal(Expected, Hash(data));
    }

    [Fact]
    public void Archives_over_http_give_the_folder_s_batches()
    {
        var names = Directory.GetFiles(files["origin/wds"], "*.tar").Order(StringComparer.Ordinal)
            .Select(f => Path.GetFileName(f)!).ToArray();
        Assert.True(names.Length > 3);
        var expected = Hash(Dataset.FromWebDataset(files["origin/wds/*.tar"]));
        var run = $"{server.Address}/wds/{names[0].Replace("000000", $"{{000000..{names.Length - 1:000000}}}")}";
        Assert.Contains("{", run);
        server.Fault = (n, path) => n == 0 && path.EndsWith(".tar", StringComparison.Ordinal) ? (Kind.CutShort, 2000)
            : (Kind.None, 0);
        using (var data = Dataset.Tars(run, new NodeFolder(files["node"]), Eager))
        {
            Assert.Equal(expected, Hash(data));
            Assert.StartsWith($"{server.Address}/wds/", data.Origin(0));
        }
        var gets = server.Requests.Count(r => r.Path.StartsWith("GET", StringComparison.Ordinal));
        using (var warm = Dataset.Tars(run, new NodeFolder(files["node"]), Eager)) Assert.Equal(expected,
            Hash(warm));
        Assert.Equal(gets, server.Requests.Count(r => r.Path.StartsWith("GET", StringComparison.Ordinal)));
        Assert.Equal($"{server.Address}/wds/none.tar: the server answers 404 Not Found", Error(()
            => Dataset.Tars($"{server.Address}/wds/none.tar", new NodeFolder(files["node"]), Eager)));
    }
}
