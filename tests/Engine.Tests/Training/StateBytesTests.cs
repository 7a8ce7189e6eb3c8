using Interactive.Collectives;
using Interactive.Data;
using Interactive.Engine.Tests.Execution;
using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Monitoring;
using Interactive.Runtime;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>
/// What a run holds besides activations, and that saving, resuming and evaluating hold no second copy of it.
/// </summary>
public sealed class StateBytesTests : IDisposable
{
    private const long Small = 1 << 20;
    private readonly string folder = Directory.CreateTempSubdirectory("state").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // 12 MiB of parameters in tensors of 4.
    private static Graph Wide()
    {
        manual_seed(5);
        var net = new GraphBuilder("wide", new Shape(1024));
        return net.Build(net.Input.Linear(1024).Relu().Linear(1024).Relu().Linear(1024).Relu().Linear(4));
    }

    private static TensorDataset Data() => new(randn(16, 1024), randint(0, 4, [16], dtype: ScalarType.Int64));

    private TrainerOptions Options
        => new()
        {
            Name = "state",
            Epochs = 2,
            BatchSize = 4,
            Optimizer = "adamw",
            Out = folder,
            CheckpointEvery = 1,
            Progress = false,
        };

    /// <summary>Reads the meter between two points of a run.</summary>
    private sealed class Watch : Hook
    {
        private long live;
        public override int Order => 1000;
        public long Most { get; private set; }
        public long Saves { get; private set; }

        public void Begin() => (live, _) = (MemoryMeter.Current.LiveBytes, Reset());
        public override void BeforeRun(Trainer trainer) => Most = MemoryMeter.Current.PeakBytes - live;
        public override void AfterStep(Trainer trainer, TrainRecord record) => Begin();

        public override void AfterCheckpoint(Trainer trainer, string path)
        {
            Saves++;
            Most = Math.Max(Most, MemoryMeter.Current.PeakBytes - live);
        }

        private static bool Reset()
        {
            MemoryMeter.Current.ResetPeak();
            return true;
        }
    }

    [Fact]
    public void Saving_and_resuming_make_no_second_copy_of_the_state()
    {
        using var scope = NewDisposeScope();
        using var graph = Wide();
        var watch = new Watch();
        using (var trainer = new Trainer(graph, Data(), Data(), Options with { MaxSteps = 3 }, hooks: [watch]))
        {
            watch.Begin();
            trainer.Run();
        }
        Assert.InRange(watch.Saves, 2, 10);
        // pieces in which numbers are looked for that are none, once before the first step
        Assert.InRange(watch.Most, 0, 3 * Small);

        var resumed = new Watch();
        using var again = new Trainer(graph, Data(), Data(), Options with { Resume = true, MaxSteps = 3 },
            hooks: [resumed]);
        LiveTensors.Settle();
        resumed.Begin();
        again.Run();
        Assert.Equal(2 * 4 * graph.parameters().Sum(p => p.numel()), again.OptimizerBytes);
        Assert.InRange(resumed.Most, again.OptimizerBytes, again.OptimizerBytes + 3 * Small);
    }

    /// <summary>Writing takes no tensor at all, and little of the managed heap.</summary>
    [Fact]
    public void Checkpoints_are_streamed()
    {
        using var scope = NewDisposeScope();
        using var graph = Wide();
        var path = Path.Combine(folder, "wide.safetensors");
        Safetensors.Save(graph, path); // compiled once
        LiveTensors.Settle();
        var (live, managed) = (MemoryMeter.Current.LiveBytes, GC.GetAllocatedBytesForCurrentThread());
        MemoryMeter.Current.ResetPeak();
        Safetensors.Save(graph, path);
        Safetensors.Load(graph, path);
        Assert.InRange(MemoryMeter.Current.PeakBytes - live, 0, 4096);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - managed, 0, 2 * Small);
    }

    /// <summary>What is said of an evaluation's bytes, from shapes, is enough.</summary>
    [Theory]
    [InlineData("resnet18")]
    [InlineData("unet")]
    [InlineData("gpt")]
    [InlineData("densenet121")]
    public void An_evaluation_stays_inside_what_is_said_of_it(string name)
    {
        const int atOnce = 8;
        using var scope = NewDisposeScope();
        using var graph = SmallModels.Create(name);
        var (input, target) = SyntheticBatch.For(graph, 32);
        var data = new TensorDataset(input, target);
        using var trainer = new Trainer(graph, data, data,
            Options with { BatchSize = 2, EvaluationBatchSize = atOnce });
        trainer.Evaluate(0);
        LiveTensors.Settle();
        var live = MemoryMeter.Current.LiveBytes;
        MemoryMeter.Current.ResetPeak();
        trainer.Evaluate(0);
        var sample = (input.numel() * input.element_size() + target.numel() * target.element_size()) / 32;
        Assert.InRange(MemoryMeter.Current.PeakBytes - live, 1,
            InferenceBytes.Peak(Fusion.Fuse(graph), atOnce) + InferenceBytes.Batches * atOnce * sample);
    }

    /// <summary>A net that is set up later is planned beside what those before it will take.</summary>
    [Fact]
    public void Nets_of_a_loop_share_the_memory()
    {
        using var scope = NewDisposeScope();
        using var graph = Wide();
        using var loop = new TrainingLoop(Options with { Memory = "auto" });
        var model = loop.Setup(graph);
        var parameters = 4 * graph.parameters().Sum(p => p.numel());
        // any optimiser might keep two tensors a parameter
        Assert.Equal(model.Schedule.PeakBytes + 2 * parameters, model.Promised);
        var (alone, beside) = (Fit(0), Fit(model.Promised));
        // what there is moves a little
        Assert.InRange(alone.ActivationBytes - beside.ActivationBytes, model.Promised / 2, long.MaxValue);

        MemoryFit Fit(long promised)
            => MemoryFit.Make(new(graph, Options with { Memory = $"{MachineMemory.LimitBytes * 3 / 4}" },
            new CrossEntropy(), IsWhole: true, Promised: promised), World.Current);
    }

    /// <summary>
    /// A batch norm over a single number per channel has no variance: such a net is never cut into single samples.
    /// </summary>
    [Fact]
    public void A_batch_norm_of_single_numbers_needs_two_samples()
    {
        var net = new GraphBuilder("norms", new Shape(3, 8, 8));
        using var graph =
            net.Build(net.Input.Conv(4, 3).BatchNorm("wide").Relu().AdaptiveAvgPool(1).Conv(4, 1).BatchNorm("narrow")
            .Flatten().Linear(2));
        int Least(string name, bool training)
            => graph.Nodes.Where(n => n.Name == name).Max(n => n.Op.LeastSamples(n, training));
        Assert.Equal((1, 2, 1), (Least("wide", true), Least("narrow", true), Least("narrow", false)));
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("adamw")]
    [InlineData("lion")]
    public void What_an_optimiser_comes_to_hold_is_known_before(string optimizer)
    {
        using var scope = NewDisposeScope();
        using var graph = Wide();
        var options = Options with { Optimizer = optimizer, MaxSteps = 1 };
        var trained = new TrainedBytes(graph, options, new CrossEntropy(), isWhole: false, isAveraged: false, ranks: 1);
        using var trainer = new Trainer(graph, Data(), Data(), options);
        trainer.Run();
        Assert.Equal(trainer.OptimizerBytes, trained.State);
        Assert.Equal(4 * graph.parameters().Sum(p => p.numel()), trained.Gradients);
    }

    [Fact]
    public void Averages_shards_ranks_and_what_is_freed_later_count()
    {
        using var graph = Wide();
        TrainedBytes Of(TrainerOptions options, bool isAveraged = false, int ranks = 1)
            => new(graph, options, new CrossEntropy(), isWhole: false, isAveraged, ranks);
        var plain = Of(Options);
        Assert.Equal(plain.Held(0, 1) + plain.Gradients, Of(Options, isAveraged: true).Held(0, 1));
        Assert.Equal(plain.Held(0, 1) + 3 * plain.Gradients,
            Of(Options with { Deterministic = true, Shards = 8 }).Held(0, 1));
        Assert.Equal(plain.Held(0, 1) + plain.Gradients,
            Of(Options with { Deterministic = true, Shards = 8 }, ranks: 4).Held(0, 1));
        Assert.Equal((plain.Gradients + plain.State) / 4, plain.Held(2, 4));
        Assert.Equal(plain.Gradients + plain.State / 4, plain.Held(1, 4));
        Assert.Equal(plain.Sample * (8 + 3 * 2), plain.Batches(share: 8, parts: 4));

        var fit = new MemoryFit(1, 0, 100 * Small, 1, true, "", plain);
        Assert.Equal(100 * Small, fit.Activations(plain.Gradients));
        Assert.Equal(97 * Small, fit.Activations(plain.Gradients + Small)); // its gradient and two of adamw's
        Assert.Equal(1, fit.Activations(plain.Gradients + 100 * Small));
    }
}
