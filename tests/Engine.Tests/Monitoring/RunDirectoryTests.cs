using Interactive.Monitoring;

namespace Interactive.Engine.Tests.Monitoring;

public sealed class RunDirectoryTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("runs").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Make(string id, bool checkpoint = false)
    {
        var checkpoints = Directory.CreateDirectory(Path.Combine(folder, id, "checkpoints")).FullName;
        if (checkpoint) File.WriteAllText(Path.Combine(checkpoints, "step-000000001.safetensors"), "");
        return id;
    }

    [Fact]
    public void A_name_is_not_another_that_begins_alike()
    {
        Make("20260102-030405-net-2");
        Assert.Null(RunDirectory.NewestUnfinished(folder, "net"));
        Assert.Equal("20260102-030405-net-2", RunDirectory.NewestUnfinished(folder, "net-2")!.Id);
    }

    [Fact]
    public void Runs_of_one_second_are_in_their_order()
    {
        Make("20260102-030405-net");
        for (var i = 1; i < 12; i++) Make($"20260102-030405.{i:D2}-net");
        Assert.Equal("20260102-030405.11-net", RunDirectory.NewestUnfinished(folder, "net")!.Id);
    }

    [Fact]
    public void A_start_that_wrote_no_checkpoint_does_not_hide_the_run_before()
    {
        Make("20260102-030405-net", checkpoint: true);
        Make("20260102-030500-net");
        Assert.Equal("20260102-030405-net", RunDirectory.NewestUnfinished(folder, "net")!.Id);
    }

    [Fact]
    public void Many_that_begin_at_once_get_folders_of_their_own()
    {
        var runs = new string[16];
        Parallel.For(0, runs.Length, new ParallelOptions { MaxDegreeOfParallelism = 16 },
            i => runs[i] = RunDirectory.Create(folder, "net").Path);
        Assert.Equal(runs.Length, runs.Distinct().Count());
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Theory]
    [InlineData("exp/lr1")]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData(" net")]
    public void A_name_that_is_none_for_a_folder_is_refused(string name)
        => Assert.StartsWith("--name is part of a folder's name",
        Assert.Throws<UsageException>(() => RunDirectory.Create(folder, name)).Message);

    [Fact]
    public void A_resumed_log_says_from_where_on_older_points_are_void()
    {
        var run = RunDirectory.Create(folder, "log");
        using (var log = new RunLog(run)) log.Write(new TrainRecord(5, 0, 1, 0.1, 1, 1, 1));
        File.AppendAllText(run.Metrics, "{}\n");
        using (var log = new RunLog(run, 4)) log.Write(new TrainRecord(5, 0, 2, 0.1, 1, 1, 1));
        Assert.Contains("\"loss\":2", Assert.Single(File.ReadAllLines(run.Metrics)));
        // field 2 (step) 5, field 7 (session log) of field 1 (status) START
        Assert.Contains(Directory.GetFiles(run.Path, "events*"),
            file
            => File.ReadAllBytes(file).AsSpan().IndexOf((ReadOnlySpan<byte>)[16, 5, 7 << 3 | 2, 2, 1 << 3, 1]) >= 0);
    }
}
