using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Runs that end before their last step, and what hooks may do.</summary>
public sealed class StoppingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("stopping").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options(string name) => new()
    {
        Name = name,
        Out = folder,
        Epochs = 4,
        BatchSize = 16,
        LearningRate = 0.1,
        Schedule = "constant",
        WeightDecay = 0,
        CheckpointEvery = 0,
        Progress = false,
        Threads = 1,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Cancellation_ends_all_ranks_after_a_step_with_a_checkpoint_and_resumes_to_the_same_bits(int ranks)
    {
        string Train(TrainerOptions options, int cancelAt) => Ranks.Run(ranks, world =>
        {
            using var source = new CancellationTokenSource();
            using var graph = Nets.Mlp();
            using var trainer = new Trainer(graph, Nets.Data, Nets.Data, options, communicator: world,
                cancellation: source.Token,
                hooks: [new At { Step =
                    (_, record) => { if (record.Step == cancelAt && world.Rank == ranks - 1) source.Cancel(); } }]);
            if (cancelAt == 0) trainer.Run();
            else
            {
                var stop = Assert.Throws<TrainingStoppedException>(() => trainer.Run());
                Assert.Equal(130, stop.ExitCode);
                Assert.Contains($"after step {cancelAt} of 16", stop.Message);
                Assert.Contains("--resume", stop.Message);
            }
            return Nets.Bits(graph);
        })[0];
        var whole = Train(Options("whole"), 0);
        Train(Options("cut"), 6);
        Assert.Equal(whole, Train(Options("cut") with { Resume = true }, 0));
    }

    [Fact]
    public void A_hook_that_stops_a_run_finishes_it()
    {
        using var graph = Nets.Mlp();
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data, Options("stop"),
            hooks: [new At { Step = (t, record) => { if (record.Step == 6) t.Stop("enough"); } }]);
        Assert.Equal(6, trainer.Run().Step);
        Assert.True(trainer.Directory!.IsFinished);
    }

    [Fact]
    public void Early_stopping_waits_for_its_patience()
    {
        using var graph = Nets.Mlp();
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data,
            Options("early") with { Epochs = 50, LearningRate = 1e-12 },
            hooks: [new EarlyStopping("accuracy", patience: 3)]);
        Assert.Equal(4 * trainer.StepsPerEpoch, trainer.Run().Step); // the first is the best
    }

    /// <summary>A metric that is no number is not better, be it the first.</summary>
    [Fact]
    public void Early_stopping_does_not_wait_for_a_number()
    {
        using var graph = Nets.Mlp();
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data, Options("never") with { Epochs = 50 },
            metrics: [Metrics.From("none", (_, _) => tensor(double.NaN), higherIsBetter: true)],
            hooks: [new EarlyStopping("none", patience: 3)]);
        Assert.Equal(3 * trainer.StepsPerEpoch, trainer.Run().Step);
    }

    [Fact]
    public void Evaluating_in_a_hook_leaves_each_module_in_its_mode()
    {
        using var graph = Nets.Normed();
        var images = new SyntheticData(64, new Shape(1, 8, 8), 4, 1);
        var modes = new List<bool>();
        using var trainer = new Trainer(graph, images, images, Options("mode") with { Epochs = 1 }, hooks: [new At
        {
            Step = (t, record) =>
            {
                if (record.Step == 2) t.Evaluate(0);
                modes.AddRange(graph.modules().Select(m => m.training));
            },
        }]);
        trainer.Run();
        Assert.All(modes, Assert.True);
    }

    [Fact]
    public void A_net_without_anything_to_train_is_refused_unless_a_hook_gives_it_some()
    {
        using var graph = Nets.Mlp();
        foreach (var parameter in graph.parameters()) parameter.requires_grad = false;
        using (var trainer = new Trainer(graph, Nets.Data, Nets.Data, Options("nothing")))
            Assert.Contains("requires a gradient, so nothing would be trained", Assert.Throws<UsageException>(() => trainer.Run()).Message);
        var file = Path.GetTempFileName();
        using (var trainer = new Trainer(graph, Nets.Data, Nets.Data, Options("file") with { Out = file }))
            Assert.Equal($"--out {file} is a file: give a folder for runs", Assert.Throws<UsageException>(() => trainer.Run()).Message);
        File.Delete(file);
        var last = graph.parameters().Last();
        var before = Convert.ToHexString(last.bytes);
        using var woken = new Trainer(graph, Nets.Data, Nets.Data, Options("woken"), hooks: [new At { Epoch = (_, _) => last.requires_grad = true }]);
        woken.Run();
        Assert.NotEqual(before, Convert.ToHexString(last.bytes));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(0, true)]
    public void Parameters_frozen_and_unfrozen_between_epochs_stand_still_and_move(int zero, bool deterministic)
    {
        using var graph = Nets.Mlp();
        var parameters = graph.parameters().ToArray();
        parameters[0].requires_grad = false;
        var seen = new List<(string First, string Last)>();
        string Bits(Index i) => Convert.ToHexString(parameters[i].bytes);
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data,
            Options($"frozen{zero}{deterministic}") with
            {
                Zero = zero,
                Deterministic = deterministic,
                Optimizer =
            "adam"
            }, hooks: [new At
        {
            Epoch = (_, epoch) =>
            {
                seen.Add((Bits(0), Bits(^1)));
                if (epoch == 1) parameters[0].requires_grad = true;
                if (epoch == 2) parameters[^1].requires_grad = false;
            },
        }]);
        trainer.Run();
        seen.Add((Bits(0), Bits(^1)));
        Assert.Equal(seen[0].First, seen[1].First);
        Assert.NotEqual(seen[1].First, seen[2].First);
        Assert.NotEqual(seen[1].Last, seen[2].Last);
        Assert.Equal(seen[2].Last, seen[3].Last);
        Assert.NotEqual(seen[2].First, seen[3].First);
    }

    [Fact]
    public void A_parameter_that_its_module_does_not_use_is_left_alone_even_by_weight_decay()
    {
        using var module = new Spare();
        using var graph = Graph.Capture(nn.Sequential(("spare", module), ("out", nn.Linear(6, 4))), new Shape(6));
        var before = Convert.ToHexString(module.unused.bytes);
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data,
            Options("spare") with { Epochs = 1, WeightDecay = 0.1 });
        trainer.Run();
        Assert.Equal(before, Convert.ToHexString(module.unused.bytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ranks_leave_alone_the_same_parameters_also_where_one_had_no_label_in_the_first_step(bool deterministic)
    {
        var bits = Ranks.Run(2, world =>
        {
            using var module = new Spare();
            using var graph =
                Nets.Filled(Graph.Capture(nn.Sequential(("spare", module), ("out", nn.Linear(6, 4))), new Shape(6)));
            var before = module.unused[0].item<float>();
            var order = new Sampler(32, 16, 1).Order(0);
            using var labels = full(32, -100, ScalarType.Int64);
            // rank 0 alone has labels in step 1
            foreach (var sample in Sampler.Part(order, 16, 0, 0, 2)) labels[sample] = 1;
            foreach (var sample in order.Skip(16)) labels[sample] = 2;
            using var counted = new TensorDataset(ones(32, 6), labels);
            using var trainer = new Trainer(graph, counted, Nets.Data,
                Options("labels") with { Epochs = 2, BatchSize = 16, WeightDecay = 0.1, Deterministic = deterministic },
                communicator: world);
            trainer.Run();
            Assert.Equal(before, module.unused[0].item<float>());
            return Nets.Bits(graph);
        });
        Assert.Single(bits.Distinct());
    }

    private sealed class Spare : nn.Module<Tensor, Tensor>
    {
        public readonly TorchSharp.Modules.Parameter used = new(ones(6)), unused = new(ones(6));
        public Spare() : base("spare") => RegisterComponents();
        public override Tensor forward(Tensor input) => input * used;
    }

    [Fact]
    public void A_moving_average_is_evaluated_and_is_the_best_model_and_the_weights_go_on()
    {
        (string Bits, double Loss) Train(double ema)
        {
            using var graph = Nets.Mlp();
            var evaluations = new List<EvalRecord>();
            using var trainer = new Trainer(graph, Nets.Data, Nets.Data, Options($"ema{ema}") with { Ema = ema },
                hooks: [new At { Evaluation = (_, r) => evaluations.Add(r) }]);
            trainer.Run();
            return (Nets.Bits(graph), evaluations[^1].Loss);
        }
        var (plain, averaged) = (Train(0), Train(0.9));
        Assert.Equal(plain.Bits, averaged.Bits);
        Assert.NotEqual(plain.Loss, averaged.Loss);
    }

    [Fact]
    public void The_gradient_norm_is_logged_where_that_is_asked_for()
    {
        using var graph = Nets.Mlp();
        var steps = new At();
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data,
            Options("norm") with { Epochs = 1, LogGradientNorm = true }, hooks: [steps]);
        trainer.Run();
        Assert.All(steps.Steps, step => Assert.InRange(step.GradientNorm!.Value, 1e-3, 100));
        Assert.Contains("\"gradientNorm\":", File.ReadLines(trainer.Directory!.Metrics).First());
    }

    [Fact]
    public void A_range_test_suggests_a_rate_and_leaves_everything_as_it_was()
    {
        using var graph = Nets.Mlp(4, 1, 32);
        using var data = Nets.Regression();
        using var trainer = new Trainer(graph, data, data, Options("finder") with { Optimizer = "adam" },
            new MeanSquaredError());
        var before = Nets.Bits(graph);
        var curve = LearningRateFinder.Run(trainer, 1e-5, 100, 60);
        Assert.Equal(before, Nets.Bits(graph));
        Assert.Empty(trainer.Optimizer.State);
        Assert.InRange(curve.Suggestion, 1e-4, 10);
        Assert.True(curve.Losses[^1] > curve.Losses.Min());
    }

    [Fact]
    public void A_suggested_rate_is_a_tenth_of_that_of_the_least_loss_and_none_where_the_loss_only_rises()
    {
        Assert.Equal(0.01, new LearningRateCurve([1e-3, 1e-2, 1e-1, 1], [2, 1.5, 1, 3]).Suggestion, 12);
        Assert.Equal(double.NaN, new LearningRateCurve([1e-3, 1e-2], [1, 2]).Suggestion);
        Assert.Equal(double.NaN, new LearningRateCurve([], []).Suggestion);
    }

    [Fact]
    public void Training_at_a_suggested_rate_learns()
    {
        using var data = Nets.Regression();
        double Loss(double rate, out double suggestion)
        {
            using var graph = Nets.Mlp(4, 1, 32);
            using var trainer = new Trainer(graph, data, data,
                Options("suggested") with { Optimizer = "adam", LearningRate = rate, Epochs = 3 }, new MeanSquaredError());
            suggestion = LearningRateFinder.Run(trainer).Suggestion;
            return trainer.Run().Loss;
        }
        var slow = Loss(1e-6, out var found);
        Assert.True(Loss(found, out _) < slow / 2, $"at {found}");
    }

    [Fact]
    public void A_run_that_another_process_goes_on_with_is_refused_and_one_that_is_new_left_alone()
    {
        Train(Options("alive") with { MaxSteps = 5, CheckpointEvery = 1 });
        var run = RunDirectory.NewestUnfinished(folder, "alive")!;
        using (var held = RunLock.Take(run, resumes: true))
        {
            Assert.NotNull(held);
            Assert.Contains($"{run.Id} is alive: process {Environment.ProcessId}",
                Assert.Throws<UsageException>(() => Train(Options("alive") with { Resume = true })).Message);
        }
        using (var held = RunLock.Take(run, resumes: false)) Assert.NotEqual(run.Path,
            Train(Options("alive") with { Resume = true }));
        Assert.Equal(run.Path, Train(Options("alive") with { Resume = true }));
    }

    private string Train(TrainerOptions options)
    {
        using var graph = Nets.Mlp();
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data, options);
        trainer.Run();
        return trainer.Directory!.Path;
    }
}
