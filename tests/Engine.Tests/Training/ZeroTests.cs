using System.Security.Cryptography;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Graphs;
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

    private sealed record Result(string Hash, string Losses, long OptimizerBytes);

    private sealed class Losses : Hook
    {
        public List<double> All { get; } = [];
        public override void AfterStep(Trainer trainer, TrainRecord record) => All.Add(record.Loss);
    }

    private TrainerOptions Options(string name) => new()
    {
        Name = name, Out = folder, Epochs = 1, BatchSize = 16, LearningRate = 0.01, Optimizer =
            "adamw", CheckpointEvery = 4, Deterministic = true, BucketBytes = 4096,
    };

    private static Result[] Train(int ranks, TrainerOptions options) => Ranks.Run(ranks, world =>
    {
        var net = new GraphBuilder("zero", Image);
        using var graph =
            net.Build(net.Input.Conv(4, 3, padding: 1).BatchNorm().Relu().Flatten().Linear(33).Relu().Linear(4));
        foreach (var (name, parameter) in graph.named_parameters()) Fill(parameter, name.Length);
        var losses = new Losses();
        using var trainer = new Trainer(graph, new SyntheticData(160, Image, 4, seed: 1),
            new SyntheticData(40, Image, 4, seed: 2), options, hooks: [losses], communicator: world);
        trainer.Run();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, tensor) in graph.state_dict()) hash.AppendData(tensor.bytes);
        return new Result(Convert.ToHexString(hash.GetHashAndReset()),
            string.Join(' ', losses.All.Select(BitConverter.DoubleToInt64Bits)), trainer.OptimizerBytes);
    });

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
        Train(2, Options("cut") with { Zero = 0, MaxSteps = 9, Resume = true });
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
    public void Clipping_with_parts_is_refused() =>
        Assert.Throws<UsageException>(() => (Options("clip") with { Zero = 1, ClipNorm = 1 }).Validate());
}
