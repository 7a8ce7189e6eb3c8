using System.Text.Json;
using Interactive.Kernel.Hosting;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Monitoring;
using Interactive.Training;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>Runs as other programs, machines and times may have left them.</summary>
[Collection(ProcessWide.Name)]
public sealed class RunsCommandTests : IDisposable
{
    private const string Red = "20260101-000000-\u001b[31mred";

    private readonly string folder = Directory.CreateTempSubdirectory("runs").FullName;

    public RunsCommandTests()
    {
        var run = Directory.CreateDirectory(Path.Combine(folder, Red)).FullName;
        File.WriteAllText(Path.Combine(run, "config.json"), """{"model":"net\nwork","options":{"epochs":3}}""");
        File.WriteAllText(Path.Combine(run, "metrics.jsonl"), """
            {"kind":"train","step":1,"epoch":0,"loss":"Infinity","samplesPerSecond":100}
            {"kind":"train","step":2,"epoch":0,"loss":"NaN","samplesPerSecond":100}
            {"kind":"eval","step":2,"epoch":0,"loss":"NaN","acc\u001buracy":0.5}

            """);
        string Event(string kind, string day, double uptime, string boot) => JsonSerializer.Serialize(new { kind, step = 0, time = $"2026-01-{day}T00:00:00+00:00", uptime, boot, detail = "\u001b[2J" });
        File.WriteAllLines(Path.Combine(run, "history.jsonl"), [Event("start", "09", 100, "a"), Event("fail", "09", 130, "a"), Event("start", "02", 5, "b"), Event("stop", "02", 25, "b")]);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Said(params string[] arguments)
    {
        var (exit, output, error) = CapturedConsole.Run(() => InteractiveTool.Run(["runs", .. arguments, "--out", folder]));
        Assert.Equal((0, ""), (exit, error));
        Assert.DoesNotContain('\u001b', output);
        return output;
    }

    [Fact]
    public void Names_tell_the_terminal_nothing()
    {
        var list = Said("list").TrimEnd().Split('\n');
        Assert.Equal(2, list.Length);
        Assert.Contains("acc\\x1buracy", list[0]);
        Assert.Contains("[31mred  cut    net\\x0awork", list[1]);
        Assert.Contains("\\x1b[31mred (cut)", Said("show", "latest"));
        Assert.Contains("acc\\x1buracy", Said("compare", Red, Red));
    }

    [Fact]
    public void No_run_is_ten_thousand_years_old()
        => Assert.Equal("0.0 MiB in all: --yes deletes them\n", Said("clean", "--older", "9999999"));

    // Of a container, say, which has processes and files of its own names.
    [Fact]
    public void What_a_process_holds_is_not_cleaned_whatever_its_owner_is_called()
    {
        var run = RunDirectory.Create(folder, "held");
        File.WriteAllText(Path.Combine(run.Path, "config.json"), "{}");
        File.WriteAllText(run.Metrics, "");
        using (RunLock.Take(run, resumes: false))
        {
            File.WriteAllText(Path.Combine(run.Path, "owner"), $"process 999999999 on {Environment.MachineName}");
            Assert.Contains($"{run.Id}: ", Said("clean", "--cut")); // as far as its owner says
            Assert.Contains($"{run.Id} is alive: left alone\n", Said("clean", "--cut", "--yes"));
            Assert.True(File.Exists(run.Metrics));
        }
        Assert.DoesNotContain("left alone", Said("clean", "--cut", "--yes"));
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_clock_that_was_set_back_shows_no_time_before_the_beginning()
    {
        var shown = Said("show", "latest").Split('\n');
        Assert.Equal(["0.0 s", "30.0 s", "30.0 s", "50.0 s"], shown.Where(line => line.Contains("[2J")).Select(line => line[..line.IndexOf(" s", StringComparison.Ordinal)].Trim() + " s"));
        Assert.Contains("in 50.0 s, 2 starts, 1 failure", shown.Single(line => line.StartsWith("effective", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_is_no_number_is_shown_as_what_it_is()
    {
        var lines = Said("watch", "latest").TrimEnd().Split('\n');
        Assert.Equal(["step 1  loss Infinity  100 samples/s", "step 2  loss NaN  100 samples/s", "step 2  test loss NaN  test acc\\x1buracy 0.5"], lines[..3]);
    }
}
