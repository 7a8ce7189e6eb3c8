using System.Text.Json;
using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>
/// Runs that are killed twice between two steps, and once more between their last checkpoint and their end, crossed with
/// what a run can be asked for: the last checkpoint, the best model and the metrics are those of an uncut run.
/// </summary>
public sealed class ResumeCrossingTests : IDisposable
{
    private static readonly Shape image = new(1, 8, 8);
    private readonly string folder = Directory.CreateTempSubdirectory("crossings").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private sealed class Killed() : Exception("killed");

    // As kill -9 does it: nothing is saved, and nobody is told.
    private sealed class Kill(long step = 0, long checkpoint = 0) : Hook
    {
        public override int Order => int.MaxValue;
        public override void AfterStep(Trainer trainer, TrainRecord record)
        {
            if (record.Step == step) throw new Killed();
        }
        public override void AfterCheckpoint(Trainer trainer, string path)
        {
            if (path.EndsWith($"step-{checkpoint:D9}.safetensors", StringComparison.Ordinal)) throw new Killed();
        }
    }

    private sealed record Case(Func<TrainerOptions, TrainerOptions> Options, int Ranks = 1, Func<Graph>? Net = null, Func<Hook[]>? Hooks = null, long Last = 16);

    private static Graph Small(bool dropout = false)
    {
        var net = new GraphBuilder("small", image);
        var x = net.Input.Conv(4, 3, padding: 1).BatchNorm().Relu().Flatten();
        return Nets.Filled(net.Build((dropout ? x.Dropout(0.3) : x).Linear(6, name: "body").Relu().Linear(4, name: "head")));
    }

    private static Graph Deep()
    {
        var net = new GraphBuilder("deep", image);
        var x = net.Input;
        for (var i = 0; i < 4; i++) x = x.Conv(4, 3, padding: 1).BatchNorm().Relu();
        return Nets.Filled(net.Build(x.AdaptiveAvgPool(1).Flatten().Dropout(0.3).Linear(4, name: "head")));
    }

    // Its first factor is drawn.
    private static Graph Adapted()
    {
        manual_seed(1);
        return Small().WithLora(2, layers: ["body"]);
    }

    private static Graph Frozen() => Small().TrainOnly("head.*");

    // Once, and not again in each epoch after it: a resumed run does not come by here.
    private static Hook[] Thaw() => [new At { Epoch = (trainer, epoch) => { if (epoch == 1) trainer.Graph.Unfreeze("body.*"); } }];
    private static Hook[] StopAt(long step) => [new At { Step = (trainer, record) => { if (record.Step == step) trainer.Stop("enough"); } }];

    private static readonly Dictionary<string, Case> cases = new()
    {
        ["plain"] = new(o => o),
        ["accumulated"] = new(o => o with { Accumulate = 2 }),
        ["deterministic"] = new(o => o with { Deterministic = true, Shards = 4 }),
        ["deterministic on 2"] = new(o => o with { Deterministic = true, Shards = 4 }, 2),
        ["bf16"] = new(o => o with { Precision = Precision.BFloat16, Optimizer = "adamw" }, Net: Deep),
        ["bf16, accumulated, averaged"] = new(o => o with { Precision = Precision.BFloat16, Accumulate = 2, Ema = 0.9 }, Net: Deep),
        ["data on 2"] = new(o => o with { Accumulate = 2, ClipNorm = 0.5 }, 2),
        ["zero 1"] = new(o => o with { Zero = 1 }, 2),
        ["zero 2, accumulated"] = new(o => o with { Zero = 2, Accumulate = 2 }, 2),
        ["zero 3"] = new(o => o with { Zero = 3 }, 2),
        ["zero 2, deterministic, averaged"] = new(o => o with { Zero = 2, Deterministic = true, Shards = 4, Ema = 0.9 }, 2),
        ["pipe 2"] = new(o => o with { Layout = "pipe=2,order=1f1b,micro=4" }, 2),
        ["pipe 2, clipped, patient"] = new(o => o with { Layout = "pipe=2,order=1f1b,micro=4", ClipNorm = 0.1, LearningRate = 1e-12, Patience = 2 }, 2, Last: 12),
        ["budget"] = new(o => o with { MemoryBudget = "80%" }, Net: Deep),
        ["budget, arena, bf16"] = new(o => o with { MemoryBudget = "80%", Arena = true, Precision = Precision.BFloat16 }, Net: Deep),
        ["memory"] = new(o => o with { Memory = "8GiB", Ema = 0.9 }, Net: Deep),
        ["saved by cost"] = new(o => o with { CheckpointEvery = CheckpointInterval.Auto, Mtbf = TimeSpan.FromMilliseconds(1) }),
        ["saved by time"] = new(o => o with { CheckpointEvery = TimeSpan.FromMilliseconds(1) }),
        ["averaged"] = new(o => o with { Ema = 0.9, BestBy = "loss" }),
        ["adapted"] = new(o => o with { MemoryBudget = "100%", Ema = 0.9 }, Net: Adapted),
        ["patient in vain"] = new(o => o with { KeepLast = 1 }, Hooks: () => [new EarlyStopping("loss", 9)]),
        ["scheduled by a plateau"] = new(o => o with { Schedule = "plateau", WarmUp = 0.3 }),
        ["patient"] = new(o => o with { LearningRate = 1e-12, Patience = 2 }, Last: 12),
        ["two patiences"] = new(o => o with { LearningRate = 1e-12, Patience = 2 }, Hooks: () => [new EarlyStopping("accuracy", 3), new EarlyStopping("loss", 9), new EarlyStopping("loss", 8)], Last: 12),
        ["patient on 2"] = new(o => o with { LearningRate = 1e-12, Patience = 2, Zero = 1 }, 2, Last: 12),
        ["stopped in mid-epoch"] = new(o => o, Hooks: () => StopAt(11), Last: 11),
        ["stopped where it saves"] = new(o => o, Hooks: () => StopAt(15), Last: 15),
        ["stopped at an epoch's end"] = new(o => o, Hooks: () => StopAt(12), Last: 12),
        ["clipped and warmed up"] = new(o => o with { ClipNorm = 0.1, WarmUp = 0.3, Schedule = "cosine", LogGradientNorm = true }),
        ["one cycle"] = new(o => o with { Schedule = "onecycle", LabelSmoothing = 0.1 }),
        ["restarts"] = new(o => o with { Schedule = "restarts" }),
        ["dropout"] = new(o => o, Net: () => Small(dropout: true)),
        ["augmented by three workers"] = new(o => o with { Augmentation = new Augmentation(), Workers = 3 }, Net: () => Small(dropout: true)),
        ["channels last"] = new(o => o with { MemoryFormat = MemoryFormat.ChannelsLast }),
        ["unfrozen step by step"] = new(o => o, Hooks: () => [new GradualUnfreezing("head.*", "body.*", "*")]),
        ["unfrozen step by step, zero 2"] = new(o => o with { Zero = 2 }, 2, Hooks: () => [new GradualUnfreezing("head.*", "body.*", "*")]),
        ["unfrozen step by step, budget"] = new(o => o with { MemoryBudget = "100%" }, Net: Deep, Hooks: () => [new GradualUnfreezing("head.*", "*")]),
        ["thawed once"] = new(o => o, Net: Frozen, Hooks: Thaw),
        ["thawed once, averaged"] = new(o => o with { Ema = 0.9 }, Net: Frozen, Hooks: Thaw),
        ["thawed once, zero 1"] = new(o => o with { Zero = 1 }, 2, Frozen, Thaw),
        ["thawed once, zero 3"] = new(o => o with { Zero = 3 }, 2, Frozen, Thaw),
        ["thawed once, deterministic"] = new(o => o with { Deterministic = true, Shards = 4 }, 2, Frozen, Thaw),
        ["nadam"] = new(o => o with { Optimizer = "nadam" }),
        ["adafactor"] = new(o => o with { Optimizer = "adafactor" }),
        ["lamb"] = new(o => o with { Optimizer = "lamb" }),
        ["lion"] = new(o => o with { Optimizer = "lion" }),
        ["rmsprop"] = new(o => o with { Optimizer = "rmsprop" }),
        ["lars, momentum"] = new(o => o with { Optimizer = "lars" }),
    };

    public static TheoryData<string> Cases => [.. cases.Keys];

    private TrainerOptions Options(string name) => new()
    {
        Name = name,
        Out = folder,
        Epochs = 4,
        BatchSize = 16,
        LearningRate = 0.01,
        Optimizer = "adamw",
        Schedule = "constant",
        CheckpointEvery = 3,
        Progress = false,
        Threads = 1,
    };

    private static string Train(Case of, TrainerOptions options, Kill? kill = null) => Ranks.Run(of.Ranks, world =>
    {
        using var graph = (of.Net ?? (() => Small()))();
        var (train, test) = (new SyntheticData(64, image, 4, seed: 1), new SyntheticData(24, image, 4, seed: 2));
        using var trainer = new Trainer(graph, train, test, of.Options(options), hooks: [.. of.Hooks?.Invoke() ?? [], .. kill is null ? Array.Empty<Hook>() : [kill]], communicator: world);
        if (kill is null) trainer.Run();
        else Assert.Throws<Killed>(() => { trainer.Run(); });
        return trainer.Directory!.Path;
    })[0];

    [Theory, MemberData(nameof(Cases))]
    public void A_run_that_is_killed_thrice_ends_as_one_that_is_not(string name)
    {
        var of = cases[name];
        var whole = Train(of, Options("whole"));
        var cut = Options("cut");
        Train(of, cut, new Kill(step: 5));
        Train(of, cut with { Resume = true }, new Kill(step: 10));
        // Ranks whose checkpoint is not announced to them would wait for the one that is killed.
        if (of.Ranks == 1) Train(of, cut with { Resume = true }, new Kill(checkpoint: of.Last));
        var run = Train(of, cut with { Resume = true });

        Assert.Equal(Lines(whole), Lines(run));
        Assert.Equal(of.Last, RunCheckpoint.LastStep(RunDirectory.Open(run)));
        Assert.Equal(Tensors(whole, $"step-{of.Last:D9}", of.Ranks), Tensors(run, $"step-{of.Last:D9}", of.Ranks));
        Assert.Equal(Tensors(whole, "best", of.Ranks), Tensors(run, "best", of.Ranks));
        Assert.True(RunDirectory.Open(run).IsFinished);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    public void A_loop_that_has_freed_a_layer_goes_on_with_it(int ranks, int zero)
    {
        string[] Loop(string name, long steps, bool resume) => Ranks.Run(ranks, world =>
        {
            using var graph = Frozen();
            using var loop = new TrainingLoop(Options(name) with { CheckpointEvery = 4, MaxSteps = steps, Resume = resume, Zero = zero }, world);
            var model = loop.Setup(graph);
            while (loop.Continue(16))
                foreach (var batch in loop.Batches(new SyntheticData(64, image, 4, seed: 1)))
                    using (batch)
                    {
                        if (loop.Step == 5) graph.Unfreeze("body.*");
                        var loss = model.Backward(batch.Inputs, batch.Targets);
                        model.Step(0.01);
                        if (!loop.Note(loss)) break;
                    }
            return Nets.Bits(graph);
        });
        var whole = Loop("whole", 16, resume: false);
        Loop("cut", 8, resume: false); // two whole passes
        Assert.Equal(whole, Loop("cut", 16, resume: true));
        Assert.Single(whole.Distinct());
    }

    // Who frees a layer in the script itself, before it goes on with the run, wants it trained.
    [Fact]
    public void What_the_script_has_freed_meanwhile_is_trained_and_told()
    {
        var of = new Case(o => o, Net: Frozen, Hooks: Thaw);
        Train(of, Options("cut"), new Kill(step: 7));
        var run = Train(of with { Net = () => Frozen().Unfreeze("head.*", "*conv*") }, Options("cut") with { Resume = true });
        Assert.Contains("the run goes on with other frozen parameters than it had", File.ReadAllText(Path.Combine(run, "log.txt")));
    }

    // Without what a clock or a meter has measured.
    private static IEnumerable<string> Lines(string run) => File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line =>
    {
        using var document = JsonDocument.Parse(line);
        return string.Join(' ', document.RootElement.EnumerateObject()
            .Where(f => !f.Name.EndsWith("econds", StringComparison.Ordinal) && !f.Name.EndsWith("Second", StringComparison.Ordinal) && !f.Name.EndsWith("Bytes", StringComparison.Ordinal))
            .Select(f => $"{f.Name} {f.Value.GetRawText()}"));
    }).ToList();

    // All that a file holds, texts too; ranks of one process share a generator, and draw in turn.
    private static List<string> Tensors(string run, string name, int ranks)
    {
        using var file = new SafetensorsFile(Path.Combine(run, "checkpoints", $"{name}.safetensors"));
        return [.. file.Tensors.Keys.Where(key => ranks == 1 || !key.StartsWith("rng.", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(key =>
        {
            using var values = file.Read(key);
            return $"{key} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(values.bytes))}";
        }), .. file.Metadata.OrderBy(text => text.Key, StringComparer.Ordinal).Where(text => !text.Key.Contains("crc", StringComparison.Ordinal) && !text.Key.Contains("checksum", StringComparison.Ordinal)).Select(text => $"{text.Key}: {text.Value}")];
    }
}
