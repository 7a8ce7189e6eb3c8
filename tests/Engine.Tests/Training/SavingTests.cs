using Interactive.Data;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Runtime;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>When a run saves, and that it goes on meanwhile.</summary>
public sealed class SavingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("saving").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory] // Llama 3's interruptions; then a day and an hour
    [InlineData(30, 11135.1, 797.50)]
    [InlineData(5, 86400, 926.19)]
    [InlineData(2, 3600, 118.67)]
    [InlineData(30, 10, 10)] // a save takes longer than the run lives
    public void Daly_finds_the_best_interval(double blocking, double betweenFailures, double interval)
        => Assert.Equal(interval, CheckpointInterval.Daly(TimeSpan.FromSeconds(blocking), TimeSpan.FromSeconds(betweenFailures)).TotalSeconds, 0.005);

    [Theory]
    [InlineData("200", "200")]
    [InlineData("0", "0")]
    [InlineData("10min", "10min")]
    [InlineData("90s", "1.5min")]
    [InlineData("0.5h", "30min")]
    [InlineData("auto", "auto")]
    [InlineData("-1", null)]
    [InlineData("10", "10")]
    [InlineData("10 min", null)]
    [InlineData("1,5h", null)]
    [InlineData("0s", null)]
    [InlineData("often", null)]
    public void Intervals_are_steps_or_a_time_or_auto(string given, string? read)
    {
        if (read is not null)
        {
            Assert.Equal(read, CheckpointInterval.Parse(given).ToString());
            var kept = System.Text.Json.JsonSerializer.Serialize(CheckpointInterval.Parse(given));
            Assert.Equal(CheckpointInterval.Parse(given), System.Text.Json.JsonSerializer.Deserialize<CheckpointInterval>(kept));
        }
        else Assert.Contains($"--checkpoint-every: '{given}' is no interval", Assert.Throws<UsageException>(() => CommandLine.Parse(["--checkpoint-every", given], new TrainerOptions())).Message);
    }

    private sealed class Watches(string? slow = null) : Hook
    {
        public List<(long Step, long At)> Kept { get; } = [];

        public override void AfterStep(Trainer trainer, TrainRecord record) => Thread.Sleep(slow is null ? 0 : 5);

        // What is announced is whole, and of no later step.
        public override void AfterCheckpoint(Trainer trainer, string path)
        {
            using var file = new SafetensorsFile(path);
            file.Verify();
            Assert.Equal("checkpoint", RunEvents.Read(trainer.Directory!)[^1].Kind); // noted before hooks hear of it
            Kept.Add((RunPosition.Of(file.Metadata).Step, trainer.Step));
        }
    }

    private (byte[] Bits, List<(long Step, long At)> Kept) Train(string name, CheckpointInterval every, string? slow = null, TimeSpan? mtbf = null)
    {
        manual_seed(1);
        var net = new GraphBuilder(name, new Shape(1, 8, 8));
        using var graph = net.Build(net.Input.Conv(8, 3, padding: 1).BatchNorm().Relu().AdaptiveAvgPool(1).Flatten().Linear(4));
        var data = new SyntheticData(512, new Shape(1, 8, 8), 4, 1);
        var watches = new Watches(slow);
        var options = new TrainerOptions { Name = name, Out = folder, Epochs = 2, BatchSize = 8, CheckpointEvery = every, KeepLast = 1000, Progress = false, Optimizer = "adamw", LearningRate = 1e-3, Mtbf = mtbf ?? TimeSpan.FromHours(24) };
        using var trainer = new Trainer(graph, data, data, options, hooks: [watches]);
        trainer.Run();
        Assert.Empty(Directory.GetFiles(trainer.Directory!.Checkpoints, "*.tmp"));
        return ([.. graph.state_dict().OrderBy(e => e.Key, StringComparer.Ordinal).SelectMany(e => e.Value.bytes.ToArray())], watches.Kept);
    }

    [Fact]
    public void Checkpoints_are_announced_once_they_are_on_the_disk_in_order()
    {
        var (bits, kept) = Train("steps", 10);
        Assert.Equal([10, 20, 30, 40, 50, 60, 64, 70, 80, 90, 100, 110, 120, 128], kept.Select(k => k.Step));
        Assert.All(kept, k => Assert.InRange(k.At, k.Step, 128));
        var (ends, atEnds) = Train("ends", 0);
        Assert.Equal([64, 128], atEnds.Select(k => k.Step));
        Assert.Equal(bits, ends);
    }

    [Fact]
    public void By_time_and_by_what_failures_cost_the_bits_stay()
    {
        var (bits, _) = Train("whole", 0);
        var (timed, byTime) = Train("timed", TimeSpan.FromMilliseconds(50), slow: "steps");
        Assert.Equal(bits, timed);
        Assert.True(byTime.Count > 2, $"{byTime.Count} checkpoints in 128 steps of at least 5 ms");
        var (chosen, byCost) = Train("chosen", CheckpointInterval.Auto, slow: "steps", mtbf: TimeSpan.FromMilliseconds(100));
        Assert.Equal(bits, chosen);
        Assert.True(byCost.Count > 2, $"{byCost.Count} checkpoints where failures come ten times a second");
        Assert.Equal([64, 128], Train("rare", CheckpointInterval.Auto).Kept.Select(k => k.Step));
    }

    private sealed class InTheWay : Hook
    {
        // A folder where the best model is to be.
        public override void BeforeEpoch(Trainer trainer, int epoch) => Directory.CreateDirectory(Path.Combine(trainer.Directory!.Checkpoints, "best.safetensors", "x"));
    }

    // A run that goes on from a checkpoint believes what it says of the best model: that must be there. And it is put
    // there beside the steps: the next epoch has begun when it is told that this cannot be.
    [Fact]
    public void No_checkpoint_is_kept_before_the_best_model_that_it_knows_of()
    {
        manual_seed(1);
        var net = new GraphBuilder("net", new Shape(1, 8, 8));
        using var graph = net.Build(net.Input.Flatten().Linear(4));
        var data = new SyntheticData(512, new Shape(1, 8, 8), 4, 1);
        using var trainer = new Trainer(graph, data, data, new TrainerOptions { Name = "way", Out = folder, Epochs = 2, BatchSize = 8, Progress = false }, hooks: [new InTheWay()]);
        Assert.ThrowsAny<SystemException>(trainer.Run);
        Assert.InRange(trainer.Step, 65, 128);
        Assert.Empty(Directory.GetFiles(trainer.Directory!.Checkpoints));
    }

    [Fact]
    public void A_file_that_cannot_be_put_in_its_place_leaves_nothing_and_keeps_the_old_one()
    {
        var path = Path.Combine(folder, "file");
        File.WriteAllText(path, "old");
        Assert.Throws<InvalidDataException>(() => AtomicFile.Write(path, _ => throw new InvalidDataException("no")));
        using (new FileDraft(path, stream => stream.WriteByte(1), 0)) { }
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder));
    }
}
