using System.Security.Cryptography;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Graphs;
using Interactive.Layouts;
using Interactive.Monitoring;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Optimiser state and gradients divided among ranks, over in-process ranks.</summary>
public sealed class ZeroTests : IDisposable
{
    private static readonly Shape Image = new(1, 8, 8);
    private readonly string folder = Directory.CreateTempSubdirectory("zero").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private sealed record Result(string Hash, string Losses, long OptimizerBytes)
    {
        public (long Predicted, long Measured)? ParameterBytes { get; init; }
    }

    private sealed class Losses : Hook
    {
        public List<double> All { get; } = [];
        public override void AfterStep(Trainer trainer, TrainRecord record) => All.Add(record.Loss);
    }

    private TrainerOptions Options(string name) => new()
    {
        Name = name,
        Out = folder,
        Epochs = 1,
        BatchSize = 16,
        LearningRate = 0.01,
        Optimizer = "adamw",
        CheckpointEvery = 4,
        Deterministic = true,
        BucketBytes = 4096,
    };

    private static Result[] Train(int ranks, TrainerOptions options, bool apart = false, int width = 33,
        IDataSource? data = null) => Ranks.Run(ranks, world =>
    {
        using var graph = Net(width);
        foreach (var (name, parameter) in graph.named_parameters()) Fill(parameter, name.Length);
        var losses = new Losses();
        using var trainer = new Trainer(graph, data ?? new SyntheticData(160, Image, 4, seed: 1),
            new SyntheticData(40, Image, 4, seed: 2), options, hooks: [losses], communicator: world);
        trainer.Run();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, tensor) in graph.state_dict()) hash.AppendData(tensor.bytes);
        return new Result(Convert.ToHexString(hash.GetHashAndReset()),
            string.Join(' ', losses.All.Select(BitConverter.DoubleToInt64Bits)), trainer.OptimizerBytes)
        { ParameterBytes = (trainer.Strategy as DeterministicDataParallel)?.ParameterBytes };
    }, apart ? rank => $"host {rank}" : null);

    // Not from the generator, which threads share.
    private static void Fill(Tensor parameter, int seed)
    {
        using var noGrad = no_grad();
        using var values =
            tensor(Enumerable.Range(0, (int)parameter.numel()).Select(i => 0.1f * MathF.Sin(i + seed)).ToArray(),
            parameter.shape);
        parameter.copy_(values);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Divided_training_has_the_bits_of_undivided_and_a_share_of_its_optimiser(int stage)
    {
        var plain = Assert.Single(Train(1, Options("plain")));
        foreach (var ranks in new[] { 1, 2, 4 })
        {
            var results = Train(ranks, Options($"r{ranks}") with { Zero = stage });
            Assert.All(results, result => Assert.Equal((plain.Hash, plain.Losses), (result.Hash, result.Losses)));
            Assert.Equal(plain.OptimizerBytes, results.Sum(result => result.OptimizerBytes));
            // parts end on cache lines
            Assert.All(results,
                result
                => Assert.InRange(result.OptimizerBytes, 0, plain.OptimizerBytes / ranks + 2 * sizeof(float) * 16 * 8));
        }
    }

    // On hosts of their own ranks share nothing: parameters come and go.
    [Theory]
    [InlineData(2, "")]
    [InlineData(4, "60%")]
    public void Gathered_parameters_have_the_bits_of_whole_ones_and_no_more_bytes_than_were_said(int ranks, string budget)
    {
        var options = Options("one") with { MemoryBudget = budget };
        var one = Assert.Single(Train(1, options, width: 1024));
        var results = Train(ranks, options with { Name = "gathered", Zero = 3 }, apart: true, width: 1024);
        Assert.All(results, result =>
        {
            Assert.Equal((one.Hash, one.Losses), (result.Hash, result.Losses));
            var (predicted, measured) = result.ParameterBytes!.Value;
            Assert.InRange(measured / (double)predicted, 0.98, 1.02);
            if (budget == "") Assert.Equal(Planned(ranks), predicted);
        });
    }

    // What interactive plan says, without gradients, optimiser state, running statistics and the batch.
    private static long Planned(int ranks)
    {
        using var graph = Net(1024);
        long Fixed(Shards shards) => new LayoutSearch(graph, bytesPerSecond: 125e6, shards: shards)
            .Plan(Layout.Parse($"data={ranks},micro={8 / ranks}").Fitted(ranks, 16), 16, null).Ranks[0].FixedBytes;
        return Fixed(new(3, OneHost: false, 4096)) - Fixed(new(2, BucketBytes: 4096)) + graph.parameters().Sum(p => p.numel()) * sizeof(float);
    }

    private static Graph Net(int width)
    {
        var net = new GraphBuilder("zero", Image);
        var hidden = net.Input.Conv(4, 3, padding: 1).BatchNorm().Relu().Flatten().Linear(width).Relu();
        return net.Build(hidden.Linear(width).Relu().Linear(4));
    }

    private sealed class MostlyUnlabelled : IDataSource
    {
        private readonly SyntheticData inner = new(160, Image, 4, seed: 1);
        public int Count => inner.Count;
        public Shape Shape => inner.Shape;
        public int Classes => inner.Classes;
        public long Read(int index, Span<float> pixels)
            => inner.Read(index, pixels) is var label && index % 8 == 0 ? label : -100;
    }

    [Fact]
    public void A_rank_without_labels_gathers_for_the_others()
    {
        var options = Options("plain") with { Deterministic = false, Accumulate = 2 };
        var plain = Train(2, options, data: new MostlyUnlabelled());
        var divided = Train(2, options with { Name = "divided", Zero = 3 }, apart: true, data: new MostlyUnlabelled());
        Assert.Equal(plain[0].Hash, divided[1].Hash);
    }

    [Fact]
    public void Overlap_bucket_size_and_shared_memory_do_not_change_a_bit()
    {
        var one = Train(2, Options("one"))[0];
        Assert.Equal(one, Train(2, Options("two") with { Overlap = false })[1]);
        Assert.Equal(one, Train(2, Options("three") with { BucketBytes = 1 << 30 })[1]);
    }

    [Fact]
    public void A_divided_checkpoint_resumes_undivided_and_on_other_ranks_with_the_same_bits()
    {
        var whole = Train(2, Options("whole"))[0];
        Train(4, Options("cut") with { Zero = 2, MaxSteps = 7 }); // the last checkpoint is of step 4
        Train(2, Options("cut") with { Zero = 3, MaxSteps = 9, Resume = true }); // one copy for both
        Train(2, Options("cut") with { Zero = 3, MaxSteps = 9, Resume = true }, apart: true);
        var resumed = Train(2, Options("cut") with { Zero = 1, Resume = true });
        Assert.All(resumed, result => Assert.Equal(whole.Hash, result.Hash));
    }

    [Fact]
    public void Stage_two_without_shards_trains_like_data_parallel()
    {
        var options = Options("plain") with { Deterministic = false, Accumulate = 2 };
        var plain = Train(2, options);
        var divided = Train(2, options with { Name = "divided", Zero = 2 });
        Assert.Equal(plain[0].Hash, divided[1].Hash); // one host: shared memory follows the same order of sums
    }

    [Fact]
    public void Parameters_that_are_not_there_are_kept_from_who_may_read_them()
    {
        Assert.Throws<UsageException>(() => (Options("ema") with { Zero = 3, Ema = 0.9 }).Validate());
        using var loop = new TrainingLoop(Options("loop") with { Zero = 3, Deterministic = false });
        using var graph = Net(33);
        Assert.Contains("choose --zero 2", Assert.Throws<UsageException>(() => loop.Setup(graph)).Message);
    }

    [Fact]
    public void Clipping_with_parts_is_refused() =>
        Assert.Throws<UsageException>(() => (Options("clip") with { Zero = 1, ClipNorm = 1 }).Validate());
}
