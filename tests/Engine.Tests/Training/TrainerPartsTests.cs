using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>What a trainer is given in place of option texts.</summary>
public sealed class TrainerPartsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("parts").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainerOptions Options(string name) => new()
    {
        Name = name, Out = folder, Epochs = 4, BatchSize = 16, LearningRate = 0.05, Schedule = "constant", WeightDecay = 0, CheckpointEvery = 1, Progress = false, Threads = 1,
    };

    [Fact]
    public void Regression_with_an_objective_metrics_optimiser_and_rate_of_ones_own()
    {
        using var graph = Nets.Mlp(4, 1, 32);
        using var data = Nets.Regression();
        using var adam = new Adam();
        using var trainer = new Trainer(graph, data, data, Options("regression") with { Epochs = 60 }, new MeanSquaredError(), [Metrics.R2, Metrics.RootMeanSquaredError, Metrics.MeanAbsoluteError],
            adam, (step, total) => 1e-2 * (1 - (double)step / total));
        var last = trainer.Run();
        Assert.InRange(last["r2"], 0.99, 1);
        Assert.Equal(Math.Sqrt(last.Loss), last["rmse"], 1e-6);
        Assert.InRange(last["mae"], 0, last["rmse"]);
        Assert.Equal(60 * 4, adam.Steps);
        Assert.Contains("\"r2\":", File.ReadLines(trainer.Directory!.Metrics).Last());
        Assert.True(double.IsNaN(last.Accuracy));
    }

    [Fact]
    public void Any_number_of_ranks_reports_the_same_bits_of_every_metric()
    {
        EvalRecord Evaluate(int ranks) => Ranks.Run(ranks, world =>
        {
            using var graph = Nets.Mlp();
            using var trainer = new Trainer(graph, Nets.Data, new Labels(i => i % 5 == 0 ? -100 : i % 4), Options($"r{ranks}") with { EvaluationBatchSize = 5 },
                metrics: [Metrics.Accuracy, Metrics.TopK(2), Metrics.Perplexity, Metrics.MeanIoU, Metrics.F1, Metrics.From("score", (output, _) => output.sigmoid(), true)], communicator: world);
            return trainer.Evaluate(0);
        })[ranks - 1];
        var one = Evaluate(1);
        Assert.Equal(6, one.Metrics.Count);
        Assert.Equal(one, Evaluate(2));
        Assert.Equal(one, Evaluate(4));
        Assert.Equal(Math.Exp(one.Loss), one["perplexity"], 1e-5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Micro_batches_and_ranks_count_by_their_labels(int accumulate)
    {
        float[] After(int ranks, int parts) => Ranks.Run(ranks, world =>
        {
            using var graph = Nets.Mlp();
            using var trainer = new Trainer(graph, new Labels(i => i % 8 == 0 ? 1 : i % 3 == 0 ? 2 : -100), Nets.Data, Options($"l{ranks}-{parts}") with { Accumulate = parts, Epochs = 1 }, communicator: world);
            trainer.Run();
            return graph.parameters().SelectMany(p => p.data<float>().ToArray()).ToArray();
        })[0];
        var whole = After(1, 1);
        foreach (var ranks in new[] { 1, 2, 4 })
            foreach (var (expected, value) in whole.Zip(After(ranks, accumulate))) Assert.Equal(expected, value, 1e-5);
    }

    [Fact]
    public void A_micro_batch_without_a_counted_label_counts_nothing()
    {
        using var graph = Nets.Mlp();
        var steps = new At();
        using var trainer = new Trainer(graph, new Labels(i => i == 3 ? 1 : -100), Nets.Data, Options("one") with { Accumulate = 4, Epochs = 1 }, hooks: [steps]);
        trainer.Run();
        Assert.All(steps.Steps, step => Assert.True(double.IsFinite(step.Loss)));
        Assert.Single(steps.Steps, step => step.Loss > 0);
    }

    [Fact]
    public void A_label_out_of_range_is_one_line_before_the_first_step()
    {
        using var graph = Nets.Mlp();
        var error = Assert.Throws<UsageException>(() => new Trainer(graph, new Labels(_ => 8), Nets.Data, Options("label")));
        Assert.Equal("label 8 of sample 0, but the net tells 4 classes apart", error.Message);
        var told = Assert.Throws<UsageException>(() => new Trainer(graph, new Told(10, i => i == 200 ? 7 : i % 4), Nets.Data, Options("classes"))).Message;
        Assert.Equal("label 7 of sample 200 (row 200), but the net tells 4 classes apart", told);
        Assert.Equal("the data have 10 classes, but mlp tells 4 classes apart", Assert.Throws<UsageException>(() => new Trainer(graph, Nets.Data, new Told(10, i => i % 4), Options("classes"))).Message);
    }

    [Fact]
    public void A_sample_of_any_objective_is_named()
    {
        using var graph = Nets.Mlp();
        using var answers = new TensorDataset(zeros(64, 6), full(64, 4, 3.0f));
        Assert.Equal("binary cross-entropy takes targets between 0 and 1, sample 7 has 3", Assert.Throws<UsageException>(() => new BatchFit(graph, new BinaryCrossEntropyWithLogits()).Read(answers, [7])).Message);
    }

    [Theory]
    [InlineData("step")]
    [InlineData("kind")]
    [InlineData("")]
    [InlineData("loss")]
    public void A_metric_whose_name_is_taken_is_refused(string name)
    {
        using var graph = Nets.Mlp();
        Assert.Contains(name, Assert.Throws<UsageException>(() => new Trainer(graph, Nets.Data, Nets.Data, Options("taken"), metrics: [Metrics.From(name, (output, _) => output, true)])).Message);
    }

    [Fact]
    public void A_set_that_is_null_is_one_line()
    {
        using var graph = Nets.Mlp();
        Assert.StartsWith("the evaluation set is null: ", Assert.Throws<UsageException>(() => new Trainer(graph, Nets.Data, null!, Options("null"))).Message);
        Assert.Equal("the training set is null", Assert.Throws<UsageException>(() => new Trainer(graph, null!, Nets.Data, Options("null"))).Message);
        Assert.Equal("the model is null", Assert.Throws<UsageException>(() => new Trainer(null!, Nets.Data, Nets.Data, Options("null"))).Message);
    }

    [Fact]
    public void Data_that_cannot_fit_are_told_what_to_use_instead()
    {
        var tokens = new GraphBuilder("words", new Shape(6), ScalarType.Int64);
        using var language = tokens.Build(tokens.Input.Embedding(4, 8).Linear(4));
        Assert.Equal("words takes 6 Int64, the data are 6 Float32: token numbers come from a TokenDataset, or a TensorDataset of whole numbers",
            Assert.Throws<UsageException>(() => new Trainer(language, Nets.Data, Nets.Data, Options("tokens"))).Message);
        var pixels = new GraphBuilder("masks", new Shape(1, 8, 8));
        using var segmentation = pixels.Build(pixels.Input.Conv(4, 3, padding: 1));
        var images = new SyntheticData(64, new Shape(1, 8, 8), 4);
        Assert.EndsWith("an IDataSource has one class a sample: labels of tokens or pixels come from a TokenDataset, a MaskFolder or a TensorDataset",
            Assert.Throws<UsageException>(() => new Trainer(segmentation, images, images, Options("masks"))).Message);
    }

    [Fact]
    public void A_loss_may_be_a_function_the_model_a_module_and_the_optimiser_that_of_the_options()
    {
        var options = Options("natural") with { Epochs = 20, Optimizer = "adam" };
        using var data = TensorSource.Create(randn(64, 4), randn(64, 1));
        EvalRecord Run(Func<nn.Module, Trainer> make)
        {
            using var net = nn.Sequential(("first", nn.Linear(4, 8)), ("relu", nn.ReLU()), ("last", nn.Linear(8, 1)));
            using (no_grad())
                foreach (var parameter in net.parameters()) parameter.fill_(0.1);
            using var trainer = make(net);
            Assert.Equal("first.weight", trainer.Graph.named_parameters().First().name);
            Assert.Equal(0, trainer.Optimizer.Groups.Single().WeightDecay);
            return trainer.Run();
        }
        using var adam = new Adam().Group("*bias", weightDecay: 0);
        var parts = Run(net => new Trainer(net, data, data, options, new MeanSquaredError(), [Metrics.R2], adam, (step, total) => 1e-3 * Math.Pow(0.5, step / 400.0)));
        var natural = Run(net => new Trainer(net, data, data, options, loss: Losses.MeanSquare, metrics: [Metrics.R2], optimizer: own => own.Group(p => p.Name.EndsWith("bias"), weightDecay: 0),
            schedule: (step, total) => 1e-3 * Math.Pow(0.5, step / 400.0), hooks: [new EarlyStopping("r2", patience: 50)]));
        Assert.Equal(parts, natural);
    }

    [Fact]
    public void Arrays_become_samples()
    {
        using var classes = TensorSource.Create(new float[,] { { 1, 2 }, { 3, 4 } }, [0L, 1]);
        using var batch = classes.Read([1]);
        Assert.Equal([3f, 4f], batch.Input.data<float>().ToArray());
        Assert.Equal(1, batch.Target.item<long>());
        Assert.Equal("target is (1), input has 2 samples", Assert.Throws<UsageException>(() => TensorSource.Create(new float[,] { { 1 }, { 2 } }, [0L])).Message);
    }

    [Fact]
    public void A_later_sample_that_does_not_fit_is_named_and_costs_nothing()
    {
        using var graph = Nets.Mlp();
        using var trainer = new Trainer(graph, new Labels(i => i == 41 ? 9 : i % 4), Nets.Data, Options("late") with { CheckpointEvery = 0 });
        var error = Assert.Throws<UsageException>(() => trainer.Run());
        Assert.StartsWith("label 9 of sample 41, but the net tells 4 classes apart", error.Message);
        if (trainer.Step > 0) Assert.True(File.Exists(Path.Combine(trainer.Directory!.Checkpoints, $"step-{trainer.Step:D9}.safetensors")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_data_set_that_throws_is_one_line_on_every_rank_and_nothing_is_lost(int ranks)
    {
        var errors = Ranks.Run(ranks, world =>
        {
            using var graph = Nets.Mlp();
            using var trainer = new Trainer(graph, new Throwing().Batches(), Nets.Data, Options($"throws{ranks}") with { CheckpointEvery = 0, Seed = 3 }, communicator: world);
            var error = Assert.Throws<UsageException>(() => trainer.Run());
            if (world.Rank == 0 && trainer.Step > 0) Assert.True(File.Exists(Path.Combine(trainer.Directory!.Checkpoints, $"step-{trainer.Step:D9}.safetensors")));
            return error.Message;
        });
        Assert.All(errors, error => Assert.StartsWith("sample 17 (cats/17.png) cannot be read: no picture", error));
    }

    private sealed class Torn : IBatchSource
    {
        public int Count => 64;
        public string? Origin(int sample) => $"part{sample}.bin";
        public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
            => samples.Contains(37) ? throw new IOException("cut off") : new Batch(zeros(samples.Length, 6), zeros(samples.Length, ScalarType.Int64));
    }

    [Fact]
    public void A_source_of_whole_batches_that_throws_names_the_sample()
    {
        using var graph = Nets.Mlp();
        using var trainer = new Trainer(graph, new Torn(), Nets.Data, Options("torn"));
        Assert.StartsWith("sample 37 (part37.bin) cannot be read: IOException: cut off", Assert.Throws<UsageException>(() => trainer.Run()).Message);
        using var evaluated = new Trainer(graph, Nets.Data, new Torn(), Options("torn"));
        Assert.StartsWith("sample 37 (part37.bin) cannot be read: IOException: cut off", Assert.Throws<UsageException>(() => evaluated.Evaluate(0)).Message);
    }

    [Fact]
    public void A_loss_or_a_metric_that_does_not_fit_the_output_is_one_line_before_anything_runs()
    {
        using var graph = Nets.Mlp();
        string Refused(Func<Trainer> make) => Assert.Throws<UsageException>(() => make().Dispose()).Message;
        const string Taken = "does not take the net's 4 Float32 with the data's targets (1) Int64: ";
        Assert.StartsWith($"the loss {Taken}its loss does not depend on them by autograd", Refused(() => new Trainer(graph, Nets.Data, Nets.Data, Options("none"), (y, t) => nn.functional.cross_entropy(y.detach(), t))));
        Assert.StartsWith($"the loss {Taken}its loss has the shape (1, 4)", Refused(() => new Trainer(graph, Nets.Data, Nets.Data, Options("shape"), (y, t) => y - t)));
        Assert.StartsWith($"the metric r2 {Taken}", Refused(() => new Trainer(graph, Nets.Data, Nets.Data, Options("metric"), metrics: [Metrics.R2])));
    }

    [Fact]
    public void A_number_of_the_data_that_is_not_finite_is_named_where_the_loss_is_none()
    {
        using var graph = Nets.Mlp();
        var inputs = zeros(64, 6);
        inputs[41, 2] = float.NaN;
        using var data = new TensorDataset(inputs, zeros(64, dtype: ScalarType.Int64));
        using var trainer = new Trainer(graph, data, data, Options("not-finite"));
        Assert.Matches(@"^the loss is NaN at step \d+ \(learning rate \S+\): the input of sample 41 is not finite; if it may be so, lower --learning-rate",
            Assert.Throws<DivergedException>(() => trainer.Run()).Message);
    }

    [Fact]
    public void No_samples_no_loss_and_no_trainer_any_more_are_told_in_one_line()
    {
        using var graph = Nets.Mlp();
        using var none = new TensorDataset(zeros(0, 6), zeros(0, dtype: ScalarType.Int64));
        Assert.StartsWith("the data have no samples", Assert.Throws<UsageException>(() => new Trainer(graph, Nets.Data, none, Options("empty"))).Message);
        Assert.Equal("the loss gave null, no tensor",
            Assert.Throws<UsageException>(() => new Trainer(graph, Nets.Data, Nets.Data, Options("null"), (_, _) => null!)).Message);
        var disposed = new Trainer(graph, Nets.Data, Nets.Data, Options("disposed"));
        disposed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => disposed.Run());
    }

    [Fact]
    public void An_evaluation_reads_as_a_person_would_write_it()
        => Assert.Equal("step 120, epoch 2: loss 0.4131, accuracy 0.849", new EvalRecord(120, 2, 0.41307, 0.849).ToString());

    private sealed class Hidden : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> layer = nn.Linear(6, 4);
        public Hidden() : base("hidden") => RegisterComponents();
        public override Tensor forward(Tensor x) => layer.call(x.sum().item<float>() > 1e6 ? -x : x);
    }

    [Fact]
    public void A_budget_that_a_module_not_seen_into_does_not_fit_says_why()
    {
        const string Why = "the whole module is one node: item or data reads a value of the data, which may decide what runs";
        Assert.EndsWith("; " + Why, Assert.Throws<UsageException>(() => new Trainer(new Hidden(), Nets.Data, Nets.Data, Options("budget") with { MemoryBudget = "1%" })).Message);
    }

    [Fact]
    public void Parameters_that_are_not_finite_are_named_before_the_first_step()
    {
        using var graph = Nets.Mlp();
        using (no_grad()) graph.parameters().First()[0, 0] = tensor(float.NaN);
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data, Options("nan"));
        var (name, _) = graph.named_parameters().First();
        Assert.StartsWith($"{name} holds NaN before the first step", Assert.Throws<UsageException>(() => trainer.Run()).Message);
    }

    [Fact]
    public void Inputs_of_another_type_or_shape_are_one_line()
    {
        using var graph = Nets.Mlp();
        using var doubles = new TensorDataset(zeros(16, 6, dtype: ScalarType.Float64), zeros(16, dtype: ScalarType.Int64));
        Assert.Equal("mlp takes 6 Float32, the data are 6 Float64: give numbers converted by to(Float32)", Assert.Throws<UsageException>(() => new Trainer(graph, doubles, Nets.Data, Options("type"))).Message);
        using var wide = new TensorDataset(zeros(16, 7), zeros(16, dtype: ScalarType.Int64));
        Assert.Equal("mlp takes 6 Float32, the data are 7 Float32", Assert.Throws<UsageException>(() => new Trainer(graph, Nets.Data, wide, Options("shape"))).Message);
    }

    [Theory]
    [InlineData("best", "--best-by best: choose loss, accuracy")]
    [InlineData("loss", null)]
    public void The_best_model_is_chosen_by_a_metric_that_is_there(string metric, string? error)
    {
        using var graph = Nets.Mlp();
        var thrown = Record.Exception(() => new Trainer(graph, Nets.Data, Nets.Data, Options("best") with { BestBy = metric }).Dispose());
        Assert.Equal(error, thrown?.Message);
    }

    [Fact]
    public void Weights_that_are_not_finite_are_never_saved()
    {
        using var graph = Nets.Mlp();
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data, Options("inf"), hooks: [new At
        {
            Step = (t, record) =>
            {
                if (record.Step != 3) return;
                using (no_grad()) t.Graph.parameters().First().fill_(float.PositiveInfinity);
            },
        }]);
        Assert.NotNull(Record.Exception(() => trainer.Run()));
        Assert.Equal(["step-000000001.safetensors", "step-000000002.safetensors"], Directory.GetFiles(trainer.Directory!.Checkpoints).Select(Path.GetFileName).Order());
    }

    private static Graph TwoInputs()
    {
        var net = new GraphBuilder("pair", new Shape(3));
        var right = net.AddInput("right", new Shape(2));
        return Nets.Filled(net.Build(net.Input.Linear(8).Relu().Concat(right.Linear(8).Relu()).Linear(1)));
    }

    private static TensorDataset Pairs(string first, string second)
    {
        var left = tensor(Enumerable.Range(0, 96).Select(i => MathF.Sin(i)).ToArray(), [32, 3]);
        var right = tensor(Enumerable.Range(0, 64).Select(i => MathF.Cos(i)).ToArray(), [32, 2]);
        return new TensorDataset([new(second, right), new(first, left)], [new("target", left.sum(1, keepdim: true))]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Several_inputs_are_matched_by_their_names_on_all_ranks(int ranks)
    {
        var losses = Ranks.Run(ranks, world =>
        {
            using var graph = TwoInputs();
            using var data = Pairs("input", "right");
            using var trainer = new Trainer(graph, data, data, Options($"two{ranks}") with { Epochs = 30, Optimizer = "adam", LearningRate = 1e-2, MemoryBudget = "95%" }, new MeanSquaredError(), communicator: world);
            return trainer.Run().Loss;
        });
        Assert.Single(losses.Distinct());
        Assert.InRange(losses[0], 0, 0.3);
    }

    [Fact]
    public void Inputs_of_other_names_are_one_line()
    {
        using var graph = TwoInputs();
        using var data = Pairs("left", "right");
        Assert.Equal("pair takes input, right, the data have right, left", Assert.Throws<UsageException>(() => new Trainer(graph, data, data, Options("names"), new MeanSquaredError())).Message);
    }

    [Fact]
    public void An_objective_that_does_not_take_the_output_is_one_line()
    {
        using var graph = Nets.Mlp(4, 3);
        using var data = Nets.Regression();
        Assert.Contains("3", Assert.Throws<UsageException>(() => new Trainer(graph, data, data, Options("mse"), new MeanSquaredError())).Message);
        var own = Assert.Throws<UsageException>(() => new Trainer(graph, data, data, Options("own"), Objective.From((output, target) => (output - target).square())));
        Assert.Contains("a single number is needed", own.Message);
    }

    /// <summary>Rows of sines with given labels.</summary>
    private sealed class Labels(Func<int, long> label) : IBatchSource
    {
        public int Count => 64;

        public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
        {
            var numbers = samples.ToArray();
            return new Batch(tensor(numbers.SelectMany(i => Enumerable.Range(0, 6).Select(k => MathF.Sin(i * 6 + k))).ToArray(), [numbers.Length, 6]), tensor(numbers.Select(label).ToArray()));
        }
    }

    private sealed class Told(int classes, Func<int, long> label) : IDataSource
    {
        public int Count => 256;
        public Shape Shape => new(6);
        public int Classes => classes;
        public string? Origin(int sample) => $"row {sample}";
        public long Read(int index, Span<float> pixels) => label(index);
    }

    private sealed class Throwing : IDataset<(float[] Input, long Target)>
    {
        public int Count => 64;
        public (float[] Input, long Target) this[int index] => index == 17 ? throw new InvalidDataException("no picture\nat all") : (new float[6], index % 4);
        public string? Origin(int index) => $"cats/{index}.png";
    }
}
