using System.Net;
using System.Text.Json;
using Interactive.Monitoring;
using Microsoft.AspNetCore.Builder;

namespace Interactive.Dashboard.Tests;

/// <summary>Log, ranks, plan, trace and report of a run, also where a folder is damaged or came from someone else.</summary>
public sealed class RunFilesTests : IAsyncLifetime
{
    private readonly RunFolder folder = new();
    private WebApplication app = null!;
    private HttpClient client = null!;

    public async Task InitializeAsync()
    {
        var settings = new Settings(folder.Path, IPAddress.Loopback, 0, null);
        app = Server.Create(settings);
        await app.StartAsync();
        client = new() { BaseAddress = new(Server.AddressOf(app, settings)) };
    }

    private string Write(string file, string text)
    {
        var path = Path.Combine(folder.Path, file);
        File.WriteAllText(path, text);
        return path;
    }

    private async Task<JsonElement> Json(string path) => JsonDocument.Parse(await client.GetStringAsync(path)).RootElement;

    private async Task<HttpStatusCode> Status(string path) => (await client.GetAsync(path)).StatusCode;

    [Fact]
    public async Task Logs_are_shown_from_their_end_and_those_of_its_Slurm_jobs_with_them()
    {
        folder.Add("a", 1);
        Write("a/log.txt", string.Concat(Enumerable.Range(1, 20_000).Select(i => $"line {i}\n")));
        Write("a/history.jsonl", """{"kind":"start","step":0,"time":"2026-01-01T00:00:00Z","uptime":1,"boot":"b","detail":"process 7 on n1, 2 ranks, Slurm job 12"}""" + "\n");
        Write("slurm-12.out", "of the job\n");
        Write("slurm-13.out", "of another\n");
        var logs = (await Json("/api/runs/a/log")).EnumerateArray().ToList();
        Assert.Equal(["log.txt", "slurm-12.out"], logs.Select(l => l.GetProperty("name").GetString()));
        var (text, before) = (logs[0].GetProperty("text").GetString()!, logs[0].GetProperty("before").GetInt64());
        Assert.EndsWith("line 20000\n", text);
        Assert.StartsWith("line ", text);
        Assert.Equal(new FileInfo(Path.Combine(folder.Path, "a/log.txt")).Length, before + text.Length);
        Assert.InRange(text.Length, 60_000, 65_536);
        Assert.Equal("of the job\n", logs[1].GetProperty("text").GetString());
    }

    [Fact]
    public async Task What_was_written_without_a_step_lies_before_the_first_one_that_follows()
    {
        folder.Add("a", 20);
        string Event(string kind, int step, int at) => $$"""{"kind":"{{kind}}","step":{{step}},"time":"2026-01-01T00:00:00Z","uptime":{{at}},"boot":"b","detail":""}""" + "\n";
        Write("a/history.jsonl", Event("start", 0, 1) + Event("first-step", 1, 2) + Event("checkpoint", 9, 3) + Event("restart", 0, 4) + Event("start", 0, 5) + Event("first-step", 10, 6)
            + Event("checkpoint", 15, 7) + Event("restart", 0, 8));
        var events = (await Json("/api/runs/a")).GetProperty("events").EnumerateArray();
        Assert.Equal([0, 1, 9, 9, 9, 10, 15, 15], events.Select(e => e.GetProperty("at").GetProperty("step").GetInt32()));
    }

    [Fact]
    public async Task Ranks_by_time_have_the_later_of_lines_for_one_step_and_each_peak()
    {
        folder.Add("a", 1);
        string Line(int step, string own) => $$"""{"step":{{step}},"own":[{{own}}],"data":[0,0],"wait":[0,0]}""" + "\n";
        Write("a/ranks.jsonl", Line(50, "1,2") + Line(100, "9,9") + "{\n[]\n" + """{"step":60,"own":[1],"data":[],"wait":[1]}""" + "\n" + Line(75, "3,4") + """{"step":12""");
        var ranks = await Json("/api/runs/a/ranks");
        Assert.Equal("""{"steps":[50,75],"own":[[1,3],[2,4]],"data":[[0,0],[0,0]],"wait":[[0,0],[0,0]]}""", ranks.GetRawText());

        var many = Enumerable.Range(1, 1000).Select(i => new RankTimes(50 * i, i == 777 ? [1, 5] : [1, 1], [0, 0], [0, 0])).ToList();
        var columns = RankColumns.Of(many, 300);
        Assert.Equal(250, columns.Steps.Count);
        Assert.Equal(5, columns.Own[1].Max());
        Assert.Null(RankColumns.Of([new(50, [1], [1], [1]), new(100, [1, 2], [1, 2], [1, 2])], 300).Own[1][0]);
    }

    [Fact]
    public async Task A_plan_is_given_as_it_was_made_and_a_damaged_one_is_none()
    {
        folder.Add("a", 1);
        Assert.Equal(HttpStatusCode.NotFound, await Status("/api/runs/a/plan"));
        Write("a/plan.json", """{"planner":"auto","batch":8,"budgetBytes":9,"peakBytes":7,"keepAllBytes":12,"overhead":0.1,"recomputes":2,"steps":["forward a","loss"],"peaks":[3,7],"keepAll":[12]}""");
        Assert.Equal("forward a", (await Json("/api/runs/a/plan")).GetProperty("steps")[0].GetString());
        foreach (var damaged in new[] { "{", "null", "{}", """{"planner":"x","steps":["a"],"peaks":[],"keepAll":[]}""" })
        {
            Write("a/plan.json", damaged);
            Assert.Equal(HttpStatusCode.NotFound, await Status("/api/runs/a/plan"));
        }
    }

    [Fact]
    public async Task A_trace_is_a_page_that_runs_nothing_of_ours()
    {
        folder.Add("a", 1);
        Assert.Equal(HttpStatusCode.NotFound, await Status("/api/runs/a/trace.html"));
        Write("a/trace-rank0.json", "[\n" + string.Concat(Enumerable.Range(0, 4).Select(i
            => $$$"""{"ph":"X","name":"forward","cat":"compute","pid":0,"tid":1,"ts":{{{1000 * i}}},"dur":500,"args":{"bytes":1}},""" + "\n")));
        var answer = await client.GetAsync("/api/runs/a/trace.html");
        Assert.StartsWith("sandbox allow-scripts;", answer.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains("Communication timeline", await answer.Content.ReadAsStringAsync());
    }

    // A folder that someone else has packed can hold links to any file that this process can read.
    [Theory]
    [InlineData("log.txt", "log")]
    [InlineData("report.html", "report.html")]
    [InlineData("plan.json", "plan")]
    [InlineData("ranks.jsonl", "ranks")]
    [InlineData("trace-rank0.json", "trace.html")]
    public async Task A_link_is_not_followed(string file, string route)
    {
        folder.Add("a", 1);
        var secret = Write("secret", """{"planner":"secret","steps":[],"peaks":[],"keepAll":[],"step":1,"own":[77],"data":[77],"wait":[77]}""" + "\n");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "a", file), secret);
        var text = await (await client.GetAsync($"/api/runs/a/{route}")).Content.ReadAsStringAsync();
        Assert.DoesNotContain("secret", text.Replace("no such", ""));
        Assert.DoesNotContain("77", text);
        Assert.Equal(HttpStatusCode.OK, await Status("/api/runs/a"));
    }

    [Fact]
    public async Task A_run_that_goes_away_or_is_half_written_is_told_in_its_place()
    {
        folder.Add("a", 3);
        folder.Add("b", 3);
        Assert.Equal(HttpStatusCode.OK, await Status("/api/curves?run=a&run=b&key=loss"));
        Directory.Delete(Path.Combine(folder.Path, "a"), recursive: true);
        foreach (var path in new[] { "/api/runs/a", "/api/runs/a/log", "/api/runs/a/ranks", "/api/runs/a/report.html" })
            Assert.Equal(HttpStatusCode.NotFound, await Status(path));
        Assert.Equal(["b"], (await Json("/api/curves?run=a&run=b&key=loss")).EnumerateObject().Select(run => run.Name));
        Assert.Equal(1, (await Json("/api/runs")).GetProperty("runs").GetArrayLength());

        foreach (var config in new[] { "", "{", "[]", "7", "\"\\ud800\"" })
        {
            File.WriteAllText(Path.Combine(folder.Path, "b", "config.json"), config);
            var answer = await client.GetAsync("/api/runs/b");
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            Assert.Contains("config.json", JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetString());
        }
        File.Delete(Path.Combine(folder.Path, "b", "config.json"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "b", "config.json"));
        Assert.Equal(HttpStatusCode.NotFound, await Status("/api/runs/b"));
        Assert.Equal(0, (await Json("/api/runs")).GetProperty("runs").GetArrayLength());
    }

    // Ten megabytes without an end of line, among lines that are none of ours, with an end and without one.
    [Fact]
    public async Task A_line_without_an_end_is_passed_over()
    {
        folder.Add("a", 2);
        var huge = new string('x', 10 << 20);
        folder.Write("a", huge, RunFolder.Train(3, 7.0));
        File.AppendAllText(folder.Metrics("a"), $"{{\"loss\":\"{huge}");
        Assert.Equal("[1,0.5,7]", (await Json("/api/curves?run=a&key=loss")).GetProperty("a").GetProperty("loss").GetProperty("y").GetRawText());
        Assert.Equal(3, (await Json("/api/runs")).GetProperty("runs")[0].GetProperty("steps").GetInt32());
        folder.Write("a", "", RunFolder.Train(4, 8.0));
        Assert.Equal("[1,0.5,7,8]", (await Json("/api/curves?run=a&key=loss")).GetProperty("a").GetProperty("loss").GetProperty("y").GetRawText());
        Write("a/log.txt", huge);
        Assert.Equal(1 << 16, (await Json("/api/runs/a/log"))[0].GetProperty("text").GetString()!.Length);
    }

    public async Task DisposeAsync()
    {
        await app.StopAsync();
        folder.Dispose();
    }
}
