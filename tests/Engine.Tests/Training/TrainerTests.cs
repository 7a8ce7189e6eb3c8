using Interactive.Engine.Tests.Execution;
using System.Text.Json;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Runtime;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("trainer").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static Graph Net()
    {
        manual_seed(5);
        var net = new GraphBuilder("tiny", new Shape(1, 8, 8));
        var x = net.Input.Conv(4, 3, padding: 1).BatchNorm().Relu().Flatten().Dropout(0.3);
        return net.Build(x.Linear(4));
    }

    private TrainerOptions Options(string name) => new()
    {
        Name = name, Epochs = 3, BatchSize = 16, LearningRate = 0.05, Out = folder, CheckpointEvery = 3, Augmentation = new Augmentation(1),
    };

    private static readonly IDataSource Train = new SyntheticData(160, new Shape(1, 8, 8), 4, seed: 1);
    private static readonly IDataSource Test = new SyntheticData(40, new Shape(1, 8, 8), 4, seed: 2);

    private static Graph Deep()
    {
        manual_seed(5);
        var net = new GraphBuilder("deep", new Shape(1, 8, 8));
        var x = net.Input;
        for (var i = 0; i < 8; i++) x = x.Conv(8, 3, padding: 1).BatchNorm().Relu();
        return net.Build(x.AdaptiveAvgPool(1).Flatten().Dropout(0.3).Linear(4));
    }

    private static (Dictionary<string, Tensor> State, EvalRecord Last, string Run) Train_(TrainerOptions options, Graph? net = null)
    {
        using var graph = net ?? Net();
        using var trainer = new Trainer(graph, Train, Test, options);
        var last = trainer.Run();
        return (graph.state_dict().ToDictionary(e => e.Key, e => e.Value.clone()), last, trainer.Directory!.Path);
    }

    [Fact]
    public void A_run_under_a_memory_budget_has_the_bits_of_one_without()
    {
        using var scope = NewDisposeScope();
        var free = Train_(Options("free"), Deep());
        var planned = Train_(Options("planned") with { MemoryBudget = "80%" }, Deep());
        foreach (var (key, value) in free.State) Assert.True(value.Equals(planned.State[key]), key);
        Assert.Equal(Losses(free.Run), Losses(planned.Run));

        // What was foreseen is kept beside what was measured.
        using var plan = JsonDocument.Parse(File.ReadAllText(Path.Combine(planned.Run, "plan.json")));
        Assert.Equal(plan.RootElement.GetProperty("peakBytes").GetInt64(), plan.RootElement.GetProperty("peaks").EnumerateArray().Max(b => b.GetInt64()));
        Assert.Equal(plan.RootElement.GetProperty("steps").GetArrayLength(), plan.RootElement.GetProperty("peaks").GetArrayLength());
        Assert.All(File.ReadLines(Path.Combine(planned.Run, "metrics.jsonl")).Where(l => l.Contains("\"train\"")), line => Assert.Contains("\"plannedBytes\":", line));
        Assert.Contains("memory budget 80%: the plan peaks at", File.ReadAllText(Path.Combine(planned.Run, "log.txt")));
        Assert.False(File.Exists(Path.Combine(free.Run, "plan.json")));
        Assert.DoesNotContain("plannedBytes", File.ReadAllText(Path.Combine(free.Run, "metrics.jsonl")));
    }

    [Fact]
    public void A_run_in_an_arena_has_the_bits_of_one_without()
    {
        using var scope = NewDisposeScope();
        var free = Train_(Options("free"), Deep());
        var packed = Train_(Options("packed") with { Arena = true, MemoryBudget = "80%" }, Deep());
        foreach (var (key, value) in free.State) Assert.True(value.Equals(packed.State[key]), key);
        Assert.Equal(Losses(free.Run), Losses(packed.Run));
    }

    [Theory]
    [InlineData("0", "cannot be \"0\"")]
    [InlineData("1%", "the least budget is")]
    public void A_memory_budget_that_cannot_be_is_refused(string budget, string message)
    {
        using var graph = Net();
        Assert.Contains(message, Assert.Throws<UsageException>(() => new Trainer(graph, Train, Test, Options("refused") with { MemoryBudget = budget })).Message);
    }

    private static List<string> Losses(string run) => [.. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line =>
    {
        using var document = JsonDocument.Parse(line);
        var e = document.RootElement;
        return $"{e.GetProperty("kind")} {e.GetProperty("step")} {e.GetProperty("epoch")} {e.GetProperty("loss")}";
    })];

    [Theory]
    [InlineData("sgd")]
    [InlineData("adam")]
    [InlineData("adamw")]
    public void A_run_cut_in_mid_epoch_and_resumed_has_the_bits_of_one_that_was_not(string optimizer)
    {
        using var scope = NewDisposeScope();
        var options = Options(optimizer) with { Optimizer = optimizer, LearningRate = optimizer == "sgd" ? 0.05 : 0.01 };
        var whole = Train_(options);
        Train_(options with { Name = "cut-" + optimizer, MaxSteps = 17 }); // the last checkpoint is of step 15, in the second epoch
        var resumed = Train_(options with { Name = "cut-" + optimizer, Resume = true });

        foreach (var (key, value) in whole.State) Assert.True(value.Equals(resumed.State[key]), key);
        Assert.Equal(whole.Last, resumed.Last);
        Assert.Equal(Losses(whole.Run), Losses(resumed.Run));
        Assert.True(File.Exists(Path.Combine(resumed.Run, "finished")));
    }

    [Fact]
    public void A_run_in_bf16_resumes_bit_for_bit_and_keeps_fp32_masters()
    {
        using var scope = NewDisposeScope();
        var options = Options("bf16") with { Precision = Precision.BFloat16, Optimizer = "adamw", LearningRate = 0.01 };
        var whole = Train_(options);
        Train_(options with { Name = "bf16-cut", MaxSteps = 17 });
        var resumed = Train_(options with { Name = "bf16-cut", Resume = true });
        // Deep enough that its peak is not one kernel's workspace, which differs from processor to processor.
        var kept = Train_(options with { Name = "bf16-deep" }, Deep());
        var planned = Train_(options with { Name = "bf16-planned", MemoryBudget = "80%", Arena = true }, Deep());
        foreach (var (key, value) in kept.State) Assert.True(value.Equals(planned.State[key]), key);
        foreach (var (key, value) in whole.State)
        {
            Assert.True(value.Equals(resumed.State[key]), key);
            Assert.True(value.dtype is ScalarType.Float32 or ScalarType.Int64, key);
        }
        Assert.Equal(whole.Last, resumed.Last);
        Assert.Equal(Losses(whole.Run), Losses(resumed.Run));
        Assert.NotEqual(Losses(whole.Run), Losses(Train_(options with { Name = "fp32", Precision = Precision.Float32 }).Run));
        Assert.Contains("\"precision\": \"bf16\"", File.ReadAllText(Path.Combine(whole.Run, "config.json")));
    }

    [Fact]
    public void A_damaged_newest_checkpoint_is_passed_over()
    {
        using var scope = NewDisposeScope();
        var whole = Train_(Options("whole"));
        var cut = Train_(Options("cut") with { MaxSteps = 17 });
        var newest = Directory.GetFiles(Path.Combine(cut.Run, "checkpoints"), "step-*").Order().Last();
        using (var file = File.OpenWrite(newest)) file.SetLength(file.Length / 2);
        var resumed = Train_(Options("cut") with { Resume = true });
        foreach (var (key, value) in whole.State) Assert.True(value.Equals(resumed.State[key]), key);
    }

    [Fact]
    public void Live_bytes_after_200_steps_equal_those_after_20()
    {
        LiveTensors.Settle();
        using var scope = NewDisposeScope();
        var seen = new Dictionary<long, long>();
        using var graph = Net();
        using var trainer = new Trainer(graph, Train, Test, Options("leak") with { Epochs = 20, CheckpointEvery = 0 }, hooks: [new LiveBytes(seen)]);
        trainer.Run();
        Assert.Equal(seen[20], seen[200]);
    }

    private sealed class LiveBytes(Dictionary<long, long> seen) : Hook
    {
        // At the end of an epoch: the background thread has made no further batch.
        public override void AfterEvaluation(Trainer trainer, EvalRecord record) => seen[record.Step] = MemoryMeter.Current.LiveBytes;
    }

    [Fact]
    public void Accumulated_micro_batches_give_the_gradient_of_the_whole()
    {
        using var scope = NewDisposeScope();
        Graph Plain()
        {
            manual_seed(5);
            var net = new GraphBuilder("plain", new Shape(1, 8, 8));
            return net.Build(net.Input.Flatten().Linear(4));
        }
        double LossAfter(int parts)
        {
            using var graph = Plain();
            using var trainer = new Trainer(graph, Train, Test, Options($"parts{parts}") with { Accumulate = parts, MaxSteps = 20 });
            return trainer.Run().Loss;
        }
        Assert.Equal(LossAfter(1), LossAfter(4), 1e-5);
    }

    [Fact]
    public void A_loss_that_is_not_a_number_ends_the_run()
    {
        using var graph = Net();
        using var trainer = new Trainer(graph, Train, Test, Options("nan") with { LearningRate = 1e30, Schedule = "constant" });
        Assert.Contains("--learning-rate", Assert.Throws<DivergedException>(() => trainer.Run()).Message);
    }

    [Fact]
    public void Only_the_last_checkpoints_and_the_best_are_kept()
    {
        var run = Train_(Options("keep")).Run;
        var files = Directory.GetFiles(Path.Combine(run, "checkpoints")).Select(f => Path.GetFileName(f)!).Order().ToArray();
        Assert.Equal(["best.safetensors", "step-000000027.safetensors", "step-000000030.safetensors"], files);
    }

    [Theory]
    [InlineData("--epochs", "0", "--epochs must be at least 1, got 0")]
    [InlineData("--momentum", "1.5", "--momentum must be in [0, 1), got 1.5")]
    public void Bad_options_say_what_is_accepted(string flag, string value, string expected)
        => Assert.Equal(expected, Assert.Throws<UsageException>(() => CommandLine.Parse([flag, value], new TrainerOptions()).Validate()).Message);

    [Theory]
    [InlineData("--epochs", "two", "--epochs takes a whole number, got 'two'")]
    [InlineData("--learning-rate", "", "--learning-rate takes a number, got ''")]
    public void Bad_values_say_what_is_accepted(string flag, string value, string expected)
        => Assert.Equal(expected, Assert.Throws<UsageException>(() => CommandLine.Parse([flag, value], new TrainerOptions())).Message);

    [Fact]
    public void Flags_become_options()
    {
        var options = CommandLine.Parse(["--batch-size", "64", "--resume", "--learning-rate", "0.5"], new TrainerOptions { Epochs = 9 });
        Assert.Equal(new TrainerOptions { Epochs = 9, BatchSize = 64, Resume = true, LearningRate = 0.5 }, options);
    }

    [Theory]
    [InlineData("--learning-rate", "0,1", "--learning-rate takes a number, got '0,1'")]
    [InlineData("--learning-rate", "Infinity", "--learning-rate takes a number, got 'Infinity'")]
    [InlineData("--epochs", "1 000", "--epochs takes a whole number, got '1 000'")]
    [InlineData("--augmentation", "crop", "--augmentation: unknown augmentation 'crop': choose none, or parts of pad=2,flip")]
    public void Numbers_are_strict_whatever_the_country(string flag, string value, string expected)
        => Assert.Equal(expected, Assert.Throws<UsageException>(() => CommandLine.Parse([flag, value], new TrainerOptions())).Message);

    [Fact]
    public void Every_option_of_every_kind_takes_its_flag()
    {
        foreach (var property in typeof(TrainerOptions).GetProperties().Where(p => p.CanWrite))
        {
            var flag = "--" + string.Concat(property.Name.Select(c => char.IsUpper(c) ? "-" + char.ToLowerInvariant(c) : c.ToString()))[1..];
            if (property.PropertyType == typeof(bool))
                foreach (var value in (bool[])[true, false])
                    Assert.Equal(value, property.GetValue(CommandLine.Parse([value ? flag : "--no" + flag[1..]], new TrainerOptions())));
            else
            {
                var text = property.GetValue(new TrainerOptions()) switch
                {
                    Interactive.Memory.MemoryBudget => "37%",
                    Interactive.Graphs.Precision => "bf16",
                    Interactive.Graphs.MemoryFormat => "channels-last",
                    Interactive.Runtime.Duration => "37min",
                    double => "0.625",
                    null => "pad=3", // of augmentation
                    _ => "37",
                };
                var read = property.GetValue(CommandLine.Parse([flag, text], new TrainerOptions()));
                Assert.NotEqual(property.GetValue(new TrainerOptions()), read);
                Assert.Contains(text, FormattableString.Invariant($"{read}"));
            }
        }
    }

    [Fact]
    public void Every_option_is_a_flag_and_switches_go_both_ways()
    {
        Assert.All(typeof(TrainerOptions).GetProperties().Where(p => p.CanWrite), p => Assert.Single(p.GetCustomAttributes(typeof(System.ComponentModel.DescriptionAttribute), false)));
        var options = CommandLine.Parse(["--no-overlap", "--no-resume", "--augmentation", "pad=3,flip"], new TrainerOptions { Resume = true });
        Assert.Equal(new TrainerOptions { Overlap = false, Augmentation = new Augmentation(3) }, options);
        Assert.Null(CommandLine.Parse(["--augmentation", "none"], options).Augmentation);
        var set = new TrainerOptions { MemoryBudget = "50%", Augmentation = new Augmentation(3), WarmUp = 0.1, Ema = 0.9, Patience = 3 };
        Assert.Equal(new TrainerOptions(), CommandLine.Parse(["--no-memory-budget", "--no-augmentation", "--no-warm-up", "--no-ema", "--no-patience"], set));
        Assert.StartsWith("unknown option '--no-epochs'", Assert.Throws<UsageException>(() => CommandLine.Parse(["--no-epochs"], options)).Message);
    }
}
