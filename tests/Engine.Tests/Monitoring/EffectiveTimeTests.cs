using Interactive.Monitoring;

namespace Interactive.Engine.Tests.Monitoring;

public sealed class EffectiveTimeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ettr").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Event(string kind, long step, double uptime, string boot = "a")
        => $$"""{"kind":"{{kind}}","step":{{step}},"time":"2026-01-01T00:00:00+00:00","uptime":{{uptime}},"boot":"{{boot}}","detail":""}""";

    private static string Step(long step, double seconds) => $$"""{"kind":"train","step":{{step}},"loss":1,"seconds":{{seconds}}}""";

    private EffectiveTime? Of(string[] events, string[] steps)
    {
        var run = RunDirectory.Open(Path.Combine(folder, "20260102-030405-net"));
        File.WriteAllLines(Path.Combine(run.Path, "history.jsonl"), events);
        File.WriteAllLines(run.Metrics, steps);
        return EffectiveTime.Of(run);
    }

    [Fact]
    public void Steps_that_were_made_again_count_once()
    {
        // Ten steps of a second, the last four of them twice: killed at 12 s, back at 20 s, finished at 26 s.
        var time = Of([Event("start", 0, 0), Event("first-step", 1, 3), Event("restart", 0, 13), Event("start", 0, 15), Event("first-step", 7, 21), Event("finish", 10, 26)],
            [.. Enumerable.Range(1, 10).Select(i => Step(i, 1))])!;
        Assert.Equal((10, 26, 2, 1), (time.StepSeconds, time.WallSeconds, time.Starts, time.Failures));
        Assert.Equal(10 / 26.0, time.Ratio, 12);
    }

    [Fact]
    public void Numbers_that_are_none_do_not_count()
        => Assert.Equal(1, Of([Event("start", 0, 0), Event("first-step", 1, 3)], [Step(1, 1), "{\"step\":\"2\",\"seconds\":1}", "{\"step\":3,\"seconds\":\"NaN\"}"])!.StepSeconds);

    [Fact]
    public void A_run_that_was_killed_lasted_until_its_last_step()
        => Assert.Equal(3 + 4, Of([Event("start", 0, 0), Event("first-step", 1, 3)], [.. Enumerable.Range(1, 5).Select(i => Step(i, 1))])!.WallSeconds);

    [Fact]
    public void Another_start_of_the_machine_is_measured_by_the_wall_clock()
    {
        var before = new RunEvent("start", 0, new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), 5000, "a", "");
        var after = new RunEvent("start", 0, new(2026, 1, 1, 0, 1, 0, TimeSpan.Zero), 7, "b", "");
        Assert.Equal(60, after.SecondsSince(before));
        Assert.Equal(-4993, (after with { Boot = "a" }).SecondsSince(before));
    }

    [Fact]
    public void A_clock_that_was_set_back_takes_no_time_away()
    {
        RunEvent At(double uptime, string boot, int day) => new("start", 0, new(2026, 1, day, 0, 0, 0, TimeSpan.Zero), uptime, boot, "");
        RunEvent[] events = [At(100, "a", 9), At(130, "a", 9), At(5, "b", 2), At(25, "b", 2)]; // a week back, at the machine's start
        Assert.Equal([0, 30, 30, 50], RunEvents.Seconds(events));
        Assert.Equal((50, 0.2), (EffectiveTime.Of(events, [(1L, 10.0)])!.WallSeconds, EffectiveTime.Of(events, [(1L, 10.0)])!.Ratio));
        Assert.Empty(RunEvents.Seconds([]));
    }

    [Fact]
    public void Damaged_lines_do_not_count_and_a_run_without_history_has_no_ratio()
    {
        Assert.Equal(2, Of([Event("start", 0, 0), "{\"kind\":", "null", "[1]", "{}", Event("finish", 1, 2)], [Step(1, 1), "{\"kind\":\"train\",\"step\":", "7"])!.WallSeconds);
        Assert.Null(EffectiveTime.Of(RunDirectory.Open(Path.Combine(folder, "20260102-030406-other"))));
    }
}
