using Interactive.Data;
using Interactive.Engine.Tests.Data.Images;
using Interactive.Engine.Tests.Data.Loading;
using Kind = Interactive.Engine.Tests.Data.Remote.FileServer.Kind;

namespace Interactive.Engine.Tests.Data.Remote;

public sealed class S3Tests : IDisposable
{
    private readonly TemporaryFiles files = new();
    private readonly S3Server server;

    public S3Tests()
    {
        ImageBatchesTests.Write(files);
        Directory.CreateDirectory(files["set"]);
        foreach (var name in (string[])["cat", "dog"]) Directory.Move(files[name], files[$"set/{name}"]);
        foreach (var format in ShardFormat.All) ImagePacker.Pack(Dataset.FromImages(files["set"]),
            files[$"s3/pictures/a b/ü+{format}"], format, limit: 4000); // letters that must be encoded
        Directory.CreateDirectory(files["s3/pictures/photos"]);
        File.Copy(Directory.GetFiles(files["set/cat"])[0], files["s3/pictures/photos/one.png"]);
        server = new S3Server(files["s3"]);
    }

    public void Dispose()
    {
        server.Dispose();
        files.Dispose();
    }

    private Origin Origin(S3Site? site = null, double seconds = 2)
        => new(TimeSpan.FromSeconds(seconds), TimeSpan.FromMilliseconds(5), site ?? server.Site);

    private MdsDataset Mds(Origin? origin = null) => Dataset.Mds("s3://pictures/a b/ü+mds",
        new NodeFolder(files[Path.GetRandomFileName()]), origin ?? Origin());

    private static string Hash(IDataset<DataRecord> data)
        => Streams.Hash(data.Images(x => x.RandomResizedCrop(24).Normalize(ImageNet.Mean, ImageNet.Std)));

    private string Expected => Hash(Dataset.FromMds(files["s3/pictures/a b/ü+mds"]));

    private static string Error(Action run) => Assert.Throws<UsageException>(run).Message;

    [Fact]
    public void Shards_archives_and_Parquet_files_of_a_bucket_give_the_folder_s_batches()
    {
        using (var data = Mds()) Assert.Equal(Expected, Hash(data));
        using var tars = Dataset.Tars("s3://pictures/a b/ü+wds/shard-*.tar", new NodeFolder(files["node"]), Origin());
        Assert.Equal(Hash(Dataset.FromWebDataset(files["s3/pictures/a b/ü+wds/*.tar"])), Hash(tars));
        Assert.Equal($"s3://pictures/a b/ü+wds/shard-000000.tar", tars.Origin(0).Split(',')[0]);
        Assert.Equal(Expected, Hash(Dataset.Parquet("s3://pictures/a b/ü+parquet/data.parquet", 1 << 20,
            new NodeFolder(files["node"]), Origin())));
    }

    [Theory]
    [InlineData("mds", "")]
    [InlineData("wds", "/*.tar")]
    [InlineData("parquet", "/*.parquet")]
    public void A_prefix_is_looked_into(string format, string expected)
        => Assert.Equal($"s3://pictures/a b/ü+{format}{expected}",
            RemoteFiles.Resolve($"s3://pictures/a b/ü+{format}/", Origin()));

    [Fact]
    public void A_server_that_cuts_lies_refuses_and_falls_silent_is_asked_again_or_told()
    {
        var expected = Expected;
        server.Files.Fault = (n, path) => !path.EndsWith(".mds", StringComparison.Ordinal) ? (Kind.None, 0) : n switch
        {
            0 => (Kind.Status, 503),
            1 => (Kind.CutShort, 700), // each try is signed for the bytes that it asks for
            _ => (Kind.None, 0),
        };
        using (var data = Mds()) Assert.Equal(expected, Hash(data));
        Assert.Contains(server.Files.Requests, r => r.From == 700);
        server.Files.Fault = (n, path) => n % 2 == 0 && path.EndsWith(".mds", StringComparison.Ordinal)
            ? (Kind.Silent, 5_000) : (Kind.None, 0);
        server.Files.Requests.Clear();
        using (var data = Mds(Origin(seconds: 0.5))) Assert.NotNull(data[0]);
        server.Files.Fault = (_, path) => path.EndsWith(".mds", StringComparison.Ordinal) ? (Kind.Lie, 0) : (Kind.None, 0);
        using (var data = Mds()) Assert.StartsWith("s3://pictures/a b/ü+mds/shard.00000.mds: its SHA-1 is ", Error(()
            => _ = data[0]));
    }

    [Fact]
    public void A_server_that_is_killed_is_waited_for_and_then_told()
    {
        var expected = Expected;
        var killed = 0;
        server.Files.Fault = (_, path) =>
        {
            if (path.EndsWith("00001.mds", StringComparison.Ordinal) && Interlocked.Exchange(ref killed, 1) == 0)
            {
                server.Files.Kill();
                Task.Delay(300).ContinueWith(t => server.Files.Start(), TaskScheduler.Default);
            }
            return (Kind.None, 0);
        };
        using var data = Mds(new(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(0.2), server.Site));
        Assert.Equal(expected, Hash(data));
        Assert.Equal(1, killed);
        server.Files.Kill();
        Assert.StartsWith("s3://pictures/a b/ü+mds/index.json: 5 tries failed: ", Error(() => Mds()));
    }

    [Fact]
    public void Keys_are_checked_and_refusals_told_in_one_line()
    {
        var site = server.Site;
        Assert.Equal("s3://pictures/a b/ü+mds/index.json: the server answers 403 Forbidden: SignatureDoesNotMatch",
            Error(() => Mds(Origin(site with { Key = new(S3Server.Key.Id, "wrong") }))));
        Assert.EndsWith(": InvalidAccessKeyId", Error(() => Mds(Origin(site with { Key = new("nobody", "wrong") }))));
        Assert.EndsWith(": AccessDenied; asked without a key, as neither AWS_ACCESS_KEY_ID nor a profile gives one",
            Error(() => Mds(Origin(site with { Key = null }))));
        server.IsPublic = true;
        using (var data = Mds(Origin(site with { Key = null }))) Assert.NotNull(data[0]);
        server.Token = "passing";
        Assert.EndsWith(": InvalidToken", Error(() => Mds()));
        using (var data = Mds(Origin(site with { Key = S3Server.Key with { Token = "passing" } }))) Assert.NotNull(data[0]);
    }

    [Fact]
    public void What_is_not_there_is_told_in_one_line()
    {
        Assert.Equal("s3://pictures/none/index.json: there is no such file; an MDS data set is a folder with an index.json",
            Error(() => Dataset.Mds("s3://pictures/none", new NodeFolder(files["node"]), Origin())));
        Assert.Equal("s3://nowhere/: there is no such bucket", Error(() => RemoteFiles.Resolve("s3://nowhere/x", Origin())));
        Assert.Equal("s3://pictures/none-*.tar: there is no such file", Error(()
            => Dataset.Tars("s3://pictures/none-*.tar", new NodeFolder(files["node"]), Origin())));
        Assert.Equal("s3://pictures/photos: there is neither an index.json of MDS shards nor a .tar or .parquet file; pack a folder of pictures by 'interactive data pack'",
            Error(() => RemoteFiles.Resolve("s3://pictures/photos", Origin())));
        Assert.StartsWith("s3://No_Bucket/x: s3://BUCKET/PREFIX is needed; ", Error(() => Dataset.FromMds("s3://No_Bucket/x")));
        Assert.StartsWith($"{server.Files.Address}/x-*.tar: a web server does not tell its files' names; ", Error(()
            => Dataset.FromWebDataset($"{server.Files.Address}/x-*.tar")));
        server.Files.Before = c => { c.Response.StatusCode = 200; c.Response.Close(); return true; };
        Assert.Equal("s3://pictures/: the server's answer is no list of names: is AWS_ENDPOINT_URL an S3 server?",
            Error(() => RemoteFiles.Resolve("s3://pictures/x", Origin())));
        server.Files.Before = c =>
        {
            c.Response.Headers["x-amz-bucket-region"] = "eu-west-3";
            c.Response.StatusCode = 301;
            c.Response.Close();
            return true;
        };
        Assert.EndsWith("; the bucket lies in eu-west-3: set AWS_REGION=eu-west-3", Error(() => Mds()));
    }

    [Fact]
    public void Settings_are_those_of_AWS_s_command_line()
    {
        File.WriteAllText(files["credentials"], "[default]\naws_access_key_id = A\naws_secret_access_key=B\n[other]\n# none\naws_access_key_id=C\naws_secret_access_key=D=\naws_session_token=E\n");
        File.WriteAllText(files["config"], "[default]\nregion = eu-west-1\ns3 =\n  region = no\n[profile other]\nregion=ap-south-1\nendpoint_url=https://storage:9000\n");
        var all = new Dictionary<string, string>
        {
            ["AWS_SHARED_CREDENTIALS_FILE"] = files["credentials"], ["AWS_CONFIG_FILE"] = files["config"],
        };
        S3Site Site(params (string Name, string Value)[] more)
        {
            var variables = more.Aggregate(all.ToDictionary(), (d, m) => { d[m.Name] = m.Value; return d; });
            return S3Site.Find(variables.GetValueOrDefault);
        }
        Assert.Equal(new(null, "eu-west-1", new("A", "B")), Site());
        Assert.Equal(new(new("https://storage:9000"), "ap-south-1", new("C", "D=", "E")), Site(("AWS_PROFILE", "other")));
        Assert.Equal(new(new("http://own"), "r", new("X", "Y")), Site(("AWS_ACCESS_KEY_ID", "X"),
            ("AWS_SECRET_ACCESS_KEY", "Y"), ("AWS_REGION", "r"), ("AWS_ENDPOINT_URL", "http://own")));
        Assert.Null(S3Site.Find(name => name.EndsWith("_FILE", StringComparison.Ordinal) ? files["none"] : null).Key);
        Assert.Equal("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: one of them is missing", Error(()
            => Site(("AWS_ACCESS_KEY_ID", "X"))));
        Assert.StartsWith("AWS_PROFILE=third: neither ", Error(() => Site(("AWS_PROFILE", "third"))));
        Assert.Equal("AWS_ENDPOINT_URL=storage: an address such as https://host:9000 is needed", Error(()
            => Site(("AWS_ENDPOINT_URL", "storage"))));
    }

    [Theory]
    [InlineData("eu-west-1", "s3://pictures/a b/x.tar", "https://pictures.s3.eu-west-1.amazonaws.com/a%20b/x.tar")]
    [InlineData("cn-north-1", "s3://pictures/x", "https://pictures.s3.cn-north-1.amazonaws.com.cn/x")]
    [InlineData("eu-west-1", "s3://my.pictures/x", "https://s3.eu-west-1.amazonaws.com/my.pictures/x")]
    public void A_bucket_lies_where_Amazon_says(string region, string source, string expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, S3Site.Parse(source));
        new S3Site(null, region, S3Server.Key).Turn(request, DateTime.UtcNow);
        Assert.Equal(expected, request.RequestUri!.AbsoluteUri);
        Assert.Contains($"/{region}/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, ",
            request.Headers.GetValues("Authorization").Single());
    }
}
