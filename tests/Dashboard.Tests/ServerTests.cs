using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;

namespace Interactive.Dashboard.Tests;

public sealed class ServerTests : IAsyncLifetime
{
    private readonly RunFolder folder = new();
    private readonly List<WebApplication> servers = [];

    private async Task<HttpClient> Serve(string? token = null)
    {
        var settings = new Settings(folder.Path, IPAddress.Loopback, 0, token);
        var app = Server.Create(settings);
        servers.Add(app);
        await app.StartAsync();
        return new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            CookieContainer = new(),
        })
        { BaseAddress = new(new Uri(Server.AddressOf(app, settings)).GetLeftPart(UriPartial.Authority)) };
    }

    private static async Task<JsonElement> Json(HttpClient client, string path)
        => JsonDocument.Parse(await client.GetStringAsync(path)).RootElement;

    [Fact]
    public async Task Runs_are_listed_newest_first_and_a_damaged_one_is_told()
    {
        folder.Add("20260101-000000-old", 3, finished: "now");
        folder.Add("20260102-000000-new", 2);
        File.WriteAllText(Path.Combine(folder.Add("20260103-000000-bad", 1), "config.json"), "{");
        var answer = await Json(await Serve(), "/api/runs");
        Assert.Equal(["20260102-000000-new cut 2", "20260101-000000-old finished 3"],
            answer.GetProperty("runs").EnumerateArray()
            .Select(r => $"{r.GetProperty("run")} {r.GetProperty("state")} {r.GetProperty("steps")}"));
        Assert.Contains("20260103-000000-bad", answer.GetProperty("damaged")[0].GetString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("secret")]
    public async Task What_a_browser_asks_first_is_asked_when_the_server_starts(string? token)
    {
        folder.Add("20260101-000000-a run #1", 2);
        var settings = new Settings(folder.Path, IPAddress.Loopback, 0, token);
        var app = Server.Create(settings);
        servers.Add(app);
        await app.StartAsync();
        Assert.Equal(Enumerable.Repeat(HttpStatusCode.OK, 6),
            await FirstAsk.Ask(new(Server.AddressOf(app, settings)), "20260101-000000-a run #1"));
    }

    [Fact]
    public async Task Curves_are_those_of_the_file_and_what_is_no_number_is_null()
    {
        folder.Add("a", 2);
        folder.Write("a", RunFolder.Train(3, "NaN"));
        var curve = (await Json(await Serve(), "/api/curves?run=a&key=loss&key=none")).GetProperty("a");
        Assert.Equal("""{"x":[1,2,3],"y":[1,0.5,null]}""", curve.GetProperty("loss").GetRawText());
        Assert.Equal("""{"x":[],"y":[]}""", curve.GetProperty("none").GetRawText());
    }

    [Fact]
    public async Task As_bytes_they_are_the_same_of_all_that_was_measured()
    {
        folder.Add("a", 2);
        folder.Write("a", RunFolder.Train(3, "NaN"));
        var bytes = await (await Serve()).GetByteArrayAsync("/api/curves?run=a&as=bytes");
        var begin = sizeof(int) + BitConverter.ToInt32(bytes);
        Assert.Equal(0, begin % sizeof(double));
        var head = JsonDocument.Parse(bytes.AsMemory(sizeof(int), begin - sizeof(int))).RootElement;
        var keys = head.EnumerateArray().Select(c => c[1].GetString()).ToList();
        Assert.Contains("samplesPerSecond", keys);
        Assert.All(head.EnumerateArray(), c => Assert.Equal(("a", 3), (c[0].GetString(), c[2].GetInt32())));
        var numbers = 3 * keys.Count;
        Assert.Equal(begin + 12 * numbers, bytes.Length);
        var at = 3 * keys.IndexOf("loss");
        Assert.Equal([1, 2, 3], MemoryMarshal.Cast<byte, double>(bytes.AsSpan(begin))[at..(at + 3)].ToArray());
        Assert.Equal([1, 0.5f, float.NaN], MemoryMarshal.Cast<byte, float>(bytes.AsSpan(begin + 8 * numbers))[at..(at + 3)].ToArray());
    }

    [Theory]
    [InlineData("/api/runs/none", 404)]
    [InlineData("/api/runs/..%2fsecret", 404)]
    [InlineData("/api/runs/%2e%2e", 404)]
    [InlineData("/api/runs/secret/report.html", 404)]
    [InlineData("/api/curves?run=../secret&key=loss", 200)] // and nothing in it
    [InlineData("/api/curves?run=a&key=loss&axis=moon", 400)]
    [InlineData("/api/curves?run=a&key=loss&columns=1e99&from=x&to=NaN", 200)]
    [InlineData("/nothing", 404)]
    public async Task What_is_not_there_is_not_shown(string path, int status)
    {
        folder.Add("a", 1);
        var answer = await (await Serve()).GetAsync(path);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.DoesNotContain("\"x\":[0", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("evil.example", 421)]
    [InlineData("localhost", 200)]
    [InlineData("127.0.0.1:80", 200)]
    [InlineData("127.0.0.1.evil.example", 421)]
    public async Task A_name_that_was_made_to_lead_here_is_refused(string host, int status)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/runs");
        request.Headers.Host = host;
        Assert.Equal(status, (int)(await (await Serve()).SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Nothing_can_be_written()
        => Assert.Equal(HttpStatusCode.MethodNotAllowed,
        (await (await Serve()).PostAsync("/api/runs", null)).StatusCode);

    [Fact]
    public async Task A_token_is_brought_once_and_leaves_the_address()
    {
        var client = await Serve(token: "a long secret");
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/?token=a%20long%20secre")).StatusCode);
        var first = await client.GetAsync("/?token=a%20long%20secret");
        Assert.Equal((HttpStatusCode.Redirect, "/"), (first.StatusCode, first.Headers.Location!.ToString()));
        Assert.Contains("httponly", first.Headers.GetValues("Set-Cookie").Single());
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/runs")).StatusCode);
    }

    [Fact]
    public async Task A_report_runs_nothing_of_ours()
    {
        File.WriteAllText(Path.Combine(folder.Add("a", 1), "report.html"), "<script>1</script>");
        var answer = await (await Serve()).GetAsync("/api/runs/a/report.html");
        Assert.StartsWith("sandbox allow-scripts;", answer.Headers.GetValues("Content-Security-Policy").Single());
    }

    [Fact]
    public async Task What_a_run_writes_is_told()
    {
        folder.Add("a", 1);
        var client = await Serve();
        using var stream = new StreamReader(await client.GetStreamAsync("/api/live?run=a"));
        Assert.StartsWith("id: ", await stream.ReadLineAsync());
        Assert.Equal("event: begin", await stream.ReadLineAsync());
        folder.Write("a", RunFolder.Train(2, 0.25));
        for (string? line; (line = await stream.ReadLineAsync()) != "event: changed";) Assert.NotNull(line);
        Assert.Equal("""{"x":[1,2],"y":[1,0.25]}""",
            (await Json(client, "/api/curves?run=a&key=loss")).GetProperty("a").GetProperty("loss").GetRawText());
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var server in servers) await server.StopAsync();
        folder.Dispose();
    }
}
