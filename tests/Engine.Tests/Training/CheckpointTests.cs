using System.Text;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>What a resumed run believes, and what it refuses.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("checkpoints").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options(string name) => new()
    {
        Name = name,
        Out = folder,
        Epochs = 2,
        BatchSize = 8,
        LearningRate = 0.1,
        Schedule = "constant",
        CheckpointEvery = 1,
        KeepLast = 3,
    };

    private sealed class Steps : Hook
    {
        public List<TrainRecord> All { get; } = [];
        public override void AfterStep(Trainer trainer, TrainRecord record) => All.Add(record);
    }

    private static (List<TrainRecord> Steps, string Run) Train(TrainerOptions options, string last = "b",
        int classes = 4, IEnumerable<Hook>? hooks = null, IDataSource? data = null)
    {
        manual_seed(1);
        using var module = nn.Sequential(("a", nn.Linear(6, 8)), ("r", nn.ReLU()), (last, nn.Linear(8, classes)));
        using var graph = Graph.Capture(module, new Shape(6));
        var steps = new Steps();
        data ??= new SyntheticData(64, new Shape(6), classes, 1);
        using var trainer = new Trainer(graph, data, data, options, hooks: [steps, .. hooks ?? []]);
        trainer.Run();
        return (steps.All, trainer.Directory!.Path);
    }

    private static string Newest(string run)
        => Directory.GetFiles(Path.Combine(run, "checkpoints"), "step-*").Order().Last();

    [Fact]
    public void Any_damaged_byte_of_the_newest_checkpoint_leads_to_the_one_before()
    {
        var (_, run) = Train(Options("damage") with { MaxSteps = 5 });
        var newest = Newest(run);
        var good = File.ReadAllBytes(newest);
        var told = new List<string>();
        for (var at = 0; at < good.Length; at += 97)
        {
            var bytes = good.ToArray();
            bytes[at] ^= 4;
            File.WriteAllBytes(newest, bytes);
            Assert.EndsWith("step-000000003.safetensors", RunCheckpoint.Newest(RunDirectory.Open(run), told.Add));
        }
        Assert.All(told, line => Assert.StartsWith("passing over a damaged checkpoint: ", line));
    }

    [Fact]
    public void A_run_whose_checkpoints_are_all_damaged_does_not_begin_anew()
    {
        var (_, run) = Train(Options("all") with { MaxSteps = 3 });
        foreach (var file in Directory.GetFiles(Path.Combine(run, "checkpoints"), "step-*"))
            File.WriteAllText(file, "no");
        Assert.Contains("checkpoints of",
            Assert.Throws<UsageException>(() => Train(Options("all") with { Resume = true })).Message);
    }

    [Theory]
    [InlineData(32, 0, 7)] // 48 of 64 samples are done: the second batch of 32 holds the rest
    [InlineData(4, 0, 7)]
    public void Another_batch_size_goes_on_in_the_same_epoch(int batch, int epoch, long step)
    {
        Train(Options("batch") with { MaxSteps = 7 }); // the last checkpoint is of step 6
        var (steps, _) = Train(Options("batch") with { BatchSize = batch, Resume = true });
        Assert.Equal((epoch, step), (steps[0].Epoch, steps[0].Step));
        Assert.Equal(64 / batch - 48 / batch, steps.Count(s => s.Epoch == 0));
    }

    public static TheoryData<string, string> Changes => new()
    {
        { "layer", "the model's head.weight [4, 8] is not in the file, which has" },
        { "shape", "b.weight has the shape [3, 8] in the model and [4, 8] in the file" },
        { "optimizer", "the checkpoint is of a run with sgd, this one has adam" },
        { "data", "mid-epoch of 64 samples" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_change_that_does_not_fit_is_told_in_one_line(string what, string message)
    {
        Train(Options(what) with { MaxSteps = 3 });
        var options = Options(what) with { Resume = true, Optimizer = what == "optimizer" ? "adam" : "sgd" };
        var error = Assert.Throws<UsageException>(()
            => Train(options, what == "layer" ? "head" : "b", what == "shape" ? 3 : 4,
            data: what == "data" ? new SyntheticData(72, new Shape(6), 4, 1) : null));
        Assert.Contains(message, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Weights_that_are_not_finite_are_not_kept()
    {
        var poison = new Poison();
        Assert.Contains("b.weight holds numbers that are not finite, so no checkpoint is written",
            Assert.Throws<UsageException>(() => Train(Options("poison"), hooks: [poison])).Message);
        Assert.EndsWith("step-000000002.safetensors", Newest(Directory.GetDirectories(folder)[0]));
    }

    private sealed class Poison : Hook
    {
        public override void AfterStep(Trainer trainer, TrainRecord record)
        {
            if (record.Step < 3) return;
            using var noGrad = no_grad();
            trainer.Graph.get_parameter("b.weight")!.fill_(float.NaN);
        }
    }

    [Fact]
    public void A_plateau_remembers_over_a_cut()
    {
        // Evaluations do not get better: the rate falls with the second, which is after the cut.
        Func<OnPlateau> make = () => new(0.1, patience: 0, threshold: 0, metric: _ => 1);
        var (first, second) = (make(), make());
        Train(Options("plateau") with { MaxSteps = 9 }, hooks: [first]);
        Train(Options("plateau") with { Resume = true }, hooks: [second]);
        Assert.Equal((0.1, 0.01), (first.Rate, Math.Round(second.Rate, 12)));
    }

    [Fact]
    public void Two_thousand_mutants_of_a_checkpoint_are_passed_over()
    {
        var (_, path) = Train(Options("mutants") with { MaxSteps = 2, CheckpointEvery = 1, KeepLast = 1 });
        var run = RunDirectory.Open(path);
        var newest = Newest(path);
        var good = File.ReadAllBytes(newest);
        var random = new Random(3);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = random.Next(3) == 0 ? good[..random.Next(good.Length)] : good.ToArray();
            for (var change = 0; change < random.Next(1, 4) && bytes.Length > 0; change++)
                bytes[random.Next(random.Next(2) == 0 ? bytes.Length : Math.Min(bytes.Length, 1200))] =
                (byte)random.Next(256);
            if (bytes.AsSpan().SequenceEqual(good)) continue;
            File.WriteAllBytes(newest, bytes);
            Assert.Contains("are damaged",
                Assert.Throws<UsageException>(() => RunCheckpoint.Newest(run, _ => { })).Message);
        }
    }
}
