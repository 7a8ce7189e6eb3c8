using Interactive.Monitoring;

namespace Interactive.Engine.Tests.Monitoring;

public sealed class LineFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("lines").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_line_after_one_that_was_cut_is_a_line_of_its_own()
    {
        var path = Path.Combine(folder, "lines");
        LineFile.Add(path, "one"u8);
        LineFile.Add(path, "two"u8, toDisk: true);
        File.AppendAllText(path, "thr"); // no room for more
        LineFile.Add(path, "four"u8);
        Assert.Equal("one\ntwo\nthr\nfour\n", File.ReadAllText(path));
    }

    [Fact]
    public void What_happens_after_a_cut_line_is_not_lost_from_the_history()
    {
        var run = RunDirectory.Create(folder, "run");
        RunEvents.Add(run, "start", 0);
        File.AppendAllText(Path.Combine(run.Path, RunEvents.File), "{\"kind\":\"fai");
        RunEvents.Add(run, "start", 20);
        Assert.Equal([0L, 20L], RunEvents.Read(run).Select(e => e.Step));
    }
}
