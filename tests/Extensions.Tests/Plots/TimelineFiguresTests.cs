using Interactive.Extensions.Plots;
using Interactive.Monitoring;
using Newtonsoft.Json.Linq;

namespace Interactive.Extensions.Tests.Plots;

public sealed class TimelineFiguresTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("timeline").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static long Milliseconds(double ms) => (long)(ms * System.Diagnostics.Stopwatch.Frequency / 1000);

    private void Write(int rank)
    {
        using var trace = new ChromeTrace(Path.Combine(folder, $"trace-rank{rank}.json"), rank,
            zero: Milliseconds(1000));
        for (var step = 0; step < 4; step++)
        {
            var from = 1000 + 10 * step;
            trace.Span("forward", "compute", "main", Milliseconds(from), Milliseconds(from + 3));
            trace.Span("backward", "compute", "main", Milliseconds(from + 3), Milliseconds(from + 9));
            trace.Span("all-reduce \"fc\"", "communication", "communication", Milliseconds(from + 5),
                Milliseconds(from + 7), bytes: 4096);
        }
    }

    [Fact]
    public void A_trace_is_what_Chrome_reads()
    {
        Write(1);
        var events = JArray.Parse(File.ReadAllText(Path.Combine(folder, "trace-rank1.json")));
        Assert.Equal("rank 1", (string?)events[0]["args"]!["name"]);
        var spans = events.Where(e => (string?)e["ph"] == "X").ToList();
        Assert.Equal(12, spans.Count);
        Assert.Equal((10_000.0, 3000.0), ((double)spans[3]["ts"]!, (double)spans[3]["dur"]!));
        Assert.Equal(4096, (long)spans[2]["args"]!["bytes"]!);
        Assert.NotEqual((int)spans[0]["tid"]!, (int)spans[2]["tid"]!);
    }

    [Fact]
    public void Steps_are_drawn_as_lanes_of_threads()
    {
        Write(0);
        Write(1);
        var data = JObject.Parse(TimelineFigures.Communication(folder, firstStep: 1, steps: 2).ToPlotlyJson())["data"]!;
        var sums = data.Single(t => (string?)t["name"] == "communication");
        Assert.Equal([5.0, 15, 5, 15], sums["base"]!.Values<double>());
        Assert.Equal([2.0, 2, 2, 2], sums["x"]!.Values<double>());
        Assert.Equal(["rank 1 communication", "rank 0 communication"], sums["y"]!.Values<string>().Distinct());
        Assert.Contains("4,096 bytes", (string?)sums["text"]![0]);
    }

    [Fact]
    public void A_run_that_was_cut_short_can_be_drawn()
    {
        Write(0);
        var file = Path.Combine(folder, "trace-rank0.json");
        var text = File.ReadAllText(file);
        File.WriteAllText(file, text[..(text.Length * 2 / 3)]);
        Assert.NotEmpty(FigurePicture.Draw(TimelineFigures.Communication(folder)));
    }

    [Fact]
    public void A_run_without_traces_is_refused()
    {
        Assert.Throws<UsageException>(() => TimelineFigures.Communication(folder));
        Assert.Throws<UsageException>(() => TimelineFigures.Communication(folder, firstStep: -1));
    }
}
