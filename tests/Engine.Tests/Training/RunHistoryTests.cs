using Interactive.Data;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

public sealed class RunHistoryTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("history").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string[] Train(TrainerOptions options, bool fails = false)
    {
        var b = new GraphBuilder("net", new Shape(4));
        using var graph = b.Build(b.Input.Linear(3));
        using var data = new TensorDataset(zeros(32, 4), zeros(32, ScalarType.Int64));
        using var trainer = new Trainer(graph, data, data,
            options with { Out = folder, BatchSize = 8, Progress = false, Name = "net" },
            hooks: fails ? [new Fails()] : []);
        try { trainer.Run(); }
        catch (InvalidOperationException) when (fails) { }
        return [.. RunEvents.Read(RunDirectory.Find(folder, "net")).Select(e => $"{e.Kind} {e.Step}")];
    }

    private sealed class Fails : Hook
    {
        public override void AfterStep(Trainer trainer, TrainRecord record)
        {
            if (record.Step == 6) throw new InvalidOperationException("six");
        }
    }

    [Fact]
    public void A_run_tells_its_starts_checkpoints_and_end()
        => Assert.Equal(["start 0", "first-step 1", "checkpoint 4", "checkpoint 8", "finish 8"],
        Train(new() { Epochs = 2 }));

    [Fact]
    public void What_ended_it_is_told_and_a_resumed_run_goes_on_in_the_same_history()
    {
        Assert.Equal(["start 0", "first-step 1", "checkpoint 4", "fail 6"], Train(new() { Epochs = 2 }, fails: true));
        Assert.Equal(["start 0", "first-step 1", "checkpoint 4", "fail 6", "start 0", "first-step 5", "checkpoint 8",
            "finish 8"], Train(new() { Epochs = 2, Resume = true }));
        var time = EffectiveTime.Of(RunDirectory.Find(folder, "net"))!;
        Assert.Equal((2, 1), (time.Starts, time.Failures));
        Assert.InRange(time.Ratio, 0, 1);
    }

    [Fact]
    public void A_run_that_goes_on_otherwise_says_so_and_another_metric_chooses_the_best_anew()
    {
        string[] Told(TrainerOptions options, double value = 0)
        {
            var b = new GraphBuilder("net", new Shape(4));
            using var graph = b.Build(b.Input.Linear(3));
            using var data = new TensorDataset(full([32, 4], value, ScalarType.Float32), zeros(32, ScalarType.Int64));
            using var trainer = new Trainer(graph, data, data, options with { Out = folder, BatchSize = 8, Progress = false, CheckpointEvery = 2 });
            trainer.Run();
            return [.. File.ReadLines(Path.Combine(trainer.Directory!.Path, "log.txt")).Where(l => l.Contains("otherwise") || l.Contains("chosen")).Select(l => l[(l.IndexOf("  ", StringComparison.Ordinal) + 2)..])];
        }
        var options = new TrainerOptions { Epochs = 3, MaxSteps = 6, Name = "same", MemoryBudget = "90%", Mtbf = TimeSpan.FromHours(2) };
        Told(options);
        Assert.Empty(Told(options with { MaxSteps = 0, Resume = true, Workers = 2 }));

        var kept = RunDirectory.Create(folder, "kept");
        Assert.Null(OtherwiseResumed.Told(kept, new { ranks = 1 }));
        kept.WriteConfig(new { ranks = 1, options = new { augmentation = new { padding = 2 }, workers = 1 } });
        Assert.Null(OtherwiseResumed.Told(kept, new { ranks = 1, options = new { augmentation = new { padding = 2 }, workers = 2 } }));
        Assert.Equal("the run goes on otherwise than it began: --augmentation {\"padding\":3} (was {\"padding\":2}), ranks 2 (was 1)",
            OtherwiseResumed.Told(kept, new { ranks = 2, options = new { augmentation = new { padding = 3 } } }));

        options = options with { Name = "other" };
        Told(options);
        Assert.Equal(["the best model was chosen by accuracy: from here on it is chosen anew, by loss",
            "the run goes on otherwise than it began: --learning-rate 0.01 (was 0.1), --best-by loss (was none), other data (training sample 0 is another one)"],
            Told(options with { MaxSteps = 0, Resume = true, LearningRate = 0.01, BestBy = "loss" }, value: 1));
        var run = RunDirectory.Find(folder, "other");
        using var file = new SafetensorsFile(Directory.GetFiles(run.Checkpoints, "step-*").Order().Last());
        var position = RunPosition.Of(file.Metadata);
        var losses = File.ReadLines(run.Metrics).Where(l => l.Contains("\"eval\"")).Select(l => System.Text.Json.JsonDocument.Parse(l).RootElement.GetProperty("loss").GetDouble()).ToList();
        Assert.Equal(("loss", -losses[1..].Min()), (position.BestBy, position.Best)); // the first was before the other data
    }

    [Fact]
    public void A_run_is_found_by_what_a_user_calls_it()
    {
        var made = RunDirectory.Create(folder, "net");
        made.WriteConfig(new { ranks = 1 });
        File.WriteAllText(made.Metrics, "");
        Assert.All(["latest", "net", made.Id], run => Assert.Equal(made.Path, RunDirectory.Find(folder, run).Path));
        // From elsewhere: runs/latest, as Model.Load takes it.
        Assert.All([made.Path, Path.Combine(folder, "latest")], run => Assert.Equal(made.Path, RunDirectory.Find("elsewhere", run).Path));
    }

    [Fact]
    public void A_run_that_begins_later_is_listed_later_whatever_the_clock_says()
    {
        string Made(TimeSpan ahead, string name)
        {
            var made = Path.Combine(folder, (DateTime.Now + ahead).ToString("yyyyMMdd-HHmmss", System.Globalization.CultureInfo.InvariantCulture) + name);
            Directory.CreateDirectory(made);
            return Path.GetFileName(made);
        }
        Made(TimeSpan.FromDays(400), "-another-century");
        var before = DateTime.Now.AddSeconds(-1);
        var own = RunDirectory.Create(folder, "own");
        Assert.InRange(DateTime.ParseExact(own.Id[..15], "yyyyMMdd-HHmmss", System.Globalization.CultureInfo.InvariantCulture), before, DateTime.Now);
        var summer = Made(TimeSpan.FromMinutes(50), ".03-summer"); // of the hour that comes twice
        string[] later = [RunDirectory.Create(folder, "a").Id, RunDirectory.Create(folder, "a").Id, RunDirectory.Create(folder, "a").Id];
        Assert.Equal([summer, .. later], Enumerable.Reverse(later).Append(summer).Order(StringComparer.Ordinal));
        Assert.Equal("a", RunDirectory.Open(Path.Combine(folder, later[2])).Name);
    }

    [Fact]
    public void A_run_is_found_by_folder_name_and_latest()
    {
        Train(new() { Epochs = 1 });
        var run = RunDirectory.Find(folder, "latest");
        Assert.Equal(run.Path, RunDirectory.Find(folder, run.Id).Path);
        Assert.Equal(run.Path, RunDirectory.Find("elsewhere", run.Path).Path);
        Assert.Contains(run.Id, Assert.Throws<UsageException>(() => RunDirectory.Find(folder, "nets")).Message);
        Assert.False(run.IsLive);
        File.WriteAllText(Path.Combine(run.Path, "owner"),
            $"process {Environment.ProcessId} on {Environment.MachineName}");
        Assert.True(run.IsLive);
        File.WriteAllText(Path.Combine(run.Path, "owner"), $"process 999999999 on {Environment.MachineName}");
        Assert.False(run.IsLive);
    }
}
