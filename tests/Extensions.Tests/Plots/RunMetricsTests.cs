using Interactive.Extensions.Plots;

namespace Interactive.Extensions.Tests.Plots;

/// <summary>Run directories that a crash, a full disk or somebody's editor has damaged.</summary>
public sealed class RunMetricsTests
{
    private const string Record = """{"step":1,"epoch":0,"loss":0.5,"learningRate":0.1,"samplesPerSecond":10,"liveBytes":1,"peakBytes":2,"kind":"train"}""";

    private static T In<T>(string config, string metrics, string? trace, Func<string, T> read)
    {
        var folder = Directory.CreateTempSubdirectory("interactive-run-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), config);
            File.WriteAllText(Path.Combine(folder, "metrics.jsonl"), metrics);
            if (trace is not null) File.WriteAllText(Path.Combine(folder, "trace-rank0.json"), trace);
            return read(folder);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("3")]
    [InlineData("{\"kind\":3}")]
    [InlineData("{\"kind\":\"other\"}")]
    [InlineData("{\"kind\":\"train\",\"step\":\"one\"}")]
    [InlineData("{\"kind\":\"train\",\"step\":1e400}")]
    [InlineData("{\"kind\":\"tr")]
    [InlineData("")]
    public void ALineThatIsNoRecord_DoesNotCount(string line) =>
        Assert.Single(In("{}", $"{Record}\n{line}\n", null, RunMetrics.Read).Train);

    [Theory]
    [InlineData("{\"model\":")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("null")]
    public void ADamagedConfiguration_IsOneLine(string config)
    {
        var error = Assert.Throws<UsageException>(() => In(config, Record, null, RunMetrics.Read));
        Assert.EndsWith("config.json is damaged: it holds no JSON object", error.Message);
    }

    [Theory]
    [InlineData("[\n{\"ph\":\"X\"},\n")]
    [InlineData("[\n{\"ph\":\"X\",\"pid\":\"a\"},\n[]\n3\n{\"ph\":3,\"pid\":0}")]
    [InlineData("")]
    [InlineData("{\"ph\":\"X\",\"pid\":0,\"tid\":1,\"name\":\"forward\",\"cat\":\"compute\",\"ts\":1,\"dur\":1,\"args\":{\"bytes\":1e99}}")]
    public void ATraceThatIsNone_IsAnEmptyFigure(string trace)
        => Assert.NotNull(In("{}", Record, trace, folder => TimelineFigures.Communication(folder)));
}
