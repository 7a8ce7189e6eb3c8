using Interactive.Data;
using Interactive.Engine.Tests.Data.Loading;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Data.Mixing;

public class MixingTests
{
    private static readonly SyntheticData images = new(64, new Shape(3, 9, 7), 4);

    public static TheoryData<string> Ways => ["MixUp", "CutMix", "both"];

    private static IBatchSource Mix(string way) => way switch
    {
        "MixUp" => images.MixUp(),
        "CutMix" => images.CutMix(),
        _ => images.MixUpOrCutMix(),
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Any_workers_ranks_and_start_give_the_same_batches_and_evaluation_none(string way)
    {
        var mixed = Mix(way);
        var expected = Streams.Hash(mixed);
        Assert.NotEqual(Streams.Hash(images), expected);
        foreach (var (workers, ranks) in ((int, int)[])[(1, 2), (2, 4), (8, 1)])
            Assert.Equal(expected, Streams.Hash(mixed, workers, ranks));
        Assert.NotEqual(expected, Streams.Hash(mixed, seed: 12));
        Assert.Equal(Streams.Steps(mixed, 0)[3..], Streams.Steps(mixed, 3));
        int[] samples = [5, 7, 9];
        using var plain = ((IBatchSource)images).Read(samples);
        using var evaluated = mixed.Read(samples);
        Assert.Equal(plain.Input.bytes.ToArray(), evaluated.Input.bytes.ToArray());
        Assert.Equal(plain.Target.data<long>().ToArray(), evaluated.Target.data<long>().ToArray());
    }

    [Fact]
    public void MixUp_is_the_weighted_mean_of_two_and_its_target_says_the_weights()
    {
        using var scope = NewDisposeScope();
        var shares = new List<float>();
        for (var epoch = 0; epoch < 200; epoch++)
        {
            using var plain = ((IBatchSource)images).Read([epoch % 60, epoch % 60 + 1, epoch % 60 + 2,
                epoch % 60 + 3], epoch, 3);
            using var mixed = images.MixUp(alpha: 0.4).Read([epoch % 60, epoch % 60 + 1, epoch % 60 + 2,
                epoch % 60 + 3], epoch, 3);
            for (var i = 0; i < 4; i += 2)
            {
                var (a, b) = (plain.Target[i].item<long>(), plain.Target[i + 1].item<long>());
                var own = mixed.Target[i][a].item<float>();
                if (a != b)
                {
                    shares.Add(own);
                    Assert.Equal(1 - own, mixed.Target[i][b].item<float>(), 1e-6f);
                    Assert.Equal(own, mixed.Target[i + 1][b].item<float>(), 1e-6f);
                    var expected = own * plain.Input[i] + (1 - own) * plain.Input[i + 1];
                    Assert.True(expected.allclose(mixed.Input[i], atol: 1e-6));
                    expected = own * plain.Input[i + 1] + (1 - own) * plain.Input[i];
                    Assert.True(expected.allclose(mixed.Input[i + 1], atol: 1e-6));
                }
                else Assert.Equal(1, own, 1e-6f);
            }
        }
        Assert.True(shares.Count > 100, "the labels of this seed show nothing");
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(1)]
    [InlineData(3)]
    public void Shares_are_drawn_from_the_beta_distribution(double alpha)
    {
        const int Count = 40_000;
        var random = new CounterRandom(5, 1);
        var draws = Enumerable.Range(0, Count).Select(_ => Beta.Draw(ref random, alpha)).ToArray();
        Assert.All(draws, d => Assert.InRange(d, 0, 1));
        Assert.Equal(0.5, draws.Average(), 0.01);
        // of Beta(a, a) the variance is 1 / (4 (2a + 1))
        Assert.Equal(1 / (4 * (2 * alpha + 1)), draws.Average(d => (d - 0.5) * (d - 0.5)), 0.003);
    }

    // torchvision's v2.CutMix: centre, share and picture to the edges and the share that is kept.
    [Theory]
    [InlineData(100, 50, 0.75, 224, 160, 44, 10, 112, 80, 0.75)]
    [InlineData(0, 0, 0.5, 10, 10, 0, 0, 3, 3, 0.91)]
    [InlineData(9, 9, 0.0, 10, 10, 4, 4, 6, 6, 0.64)]
    [InlineData(3, 3, 1.0, 10, 10, 3, 3, 0, 0, 1)]
    public void CutMix_cuts_where_torchvision_does(int x, int y, double share, int width, int height, int left, int top,
        int cutWidth, int cutHeight, double kept)
    {
        var cut = Cut.Around(x, y, share, width, height);
        Assert.Equal((left, top, cutWidth, cutHeight), (cut.Left, cut.Top, cut.Width, cut.Height));
        Assert.Equal(kept, cut.Kept, 1e-12);
    }

    [Fact]
    public void CutMix_gives_each_of_a_pair_a_rectangle_of_the_other_and_masks_follow()
    {
        using var scope = NewDisposeScope();
        var inputs = arange(4, dtype: ScalarType.Float32).reshape(4, 1, 1, 1).expand(4, 2, 8, 6).contiguous();
        var masks = arange(4, dtype: ScalarType.Int64).reshape(4, 1, 1).expand(4, 8, 6).contiguous();
        var labels = tensor(new long[] { 0, 1, 2, 3 });
        using var data = new TensorDataset([new("input", inputs)], [new("target", labels), new("mask", masks)]);
        var cuts = 0;
        for (var epoch = 0; epoch < 50; epoch++)
        {
            using var mixed = data.CutMix(classes: 4).Read([0, 1, 2, 3], epoch, 3);
            var (pixels, mask, shares) = (mixed.Input[.., 0], mixed.Targets[1], mixed.Target);
            Assert.True(pixels.eq(mixed.Input[.., 1]).all().item<bool>());
            Assert.True(pixels.to_type(ScalarType.Int64).eq(mask).all().item<bool>()); // what is cut of the one is cut of the other
            for (var i = 0; i < 4; i++)
            {
                var other = i ^ 1;
                var swapped = mask[i].eq(other).sum().item<long>();
                Assert.Equal(48, swapped + mask[i].eq(i).sum().item<long>());
                Assert.Equal(swapped / 48f, shares[i][other].item<float>(), 1e-6f);
                Assert.Equal(1 - swapped / 48f, shares[i][i].item<float>(), 1e-6f);
                if (swapped is > 0 and < 48) cuts++;
            }
        }
        Assert.True(cuts > 50);
    }

    [Fact]
    public void A_net_trains_on_mixed_batches_and_is_judged_by_plain_ones()
    {
        manual_seed(1);
        using var folder = new TemporaryFiles();
        var net = new GraphBuilder("net", new Shape(3, 9, 7));
        var graph = net.Build(net.Input.Flatten().Linear(4));
        var options = new TrainerOptions
        {
            Epochs = 2, BatchSize = 8, Out = folder["runs"], Progress = false,
            Device = "cpu"
        };
        using var trainer = new Trainer(graph, images.MixUpOrCutMix(), images, options);
        var result = trainer.Run();
        Assert.True(result.Metrics.ContainsKey("accuracy"));
    }

    /// <summary>Shares take more than class numbers in every batch that is at hand, and smoothed ones in the loss too.</summary>
    [Theory]
    [InlineData(0.1, "_smooth")]
    [InlineData(0, "")]
    public void A_trainer_plans_for_shares(double smoothing, string name)
    {
        using var folder = new TemporaryFiles();
        var options = new TrainerOptions
        {
            Epochs = 1, BatchSize = 8, Out = folder["runs"], Progress = false, Device = "cpu", LabelSmoothing = smoothing,
            MemoryBudget = "100%",
        };
        (string Name, long SampleBytes) Objective(IBatchSource train)
        {
            var net = new GraphBuilder("net", new Shape(3, 9, 7));
            using var trainer = new Trainer(net.Build(net.Input.Flatten().Linear(4)), train, images, options);
            trainer.Run();
            return (trainer.Objective.Name, new TrainedBytes(trainer.Graph, options, trainer.Objective, isWhole: false, isAveraged: false, ranks: 1).Sample);
        }
        const int Input = 4 * 3 * 9 * 7;
        Assert.Equal(($"cross_entropy{name}_shares", Input + 4L * 4), Objective(images.MixUp()));
        Assert.Equal(($"cross_entropy{name}", Input + 8L), Objective(images));
    }

    [Fact]
    public void What_cannot_be_mixed_is_refused()
    {
        string Error(Action run) => Assert.Throws<UsageException>(run).Message;
        Assert.Equal("MixUp mixes pairs: give each rank an even number of samples a step, got 3",
            Error(() => images.MixUp().Read([1, 2, 3], 0)));
        Assert.Equal("MixUp's alpha must be above 0 and at most 1000, got 0", Error(() => images.MixUp(0)));
        Assert.Equal("CutMix's alpha must be above 0 and at most 1000, got NaN", Error(()
            => images.CutMix(double.NaN)));
        using var rows = new TensorDataset(zeros(4, 5), zeros(4, dtype: ScalarType.Int64));
        Assert.Equal("MixUp makes shares of classes, and the source does not say how many there are: give classes",
            Error(() => rows.MixUp()));
        Assert.Equal("CutMix takes pictures (batch, channels, height, width), got input (2, 5) Float32",
            Error(() => rows.CutMix(classes: 2).Read([1, 2], 0)));
        using var numbers = new TensorDataset(zeros(4, 5), zeros(4, 1));
        Assert.Equal("MixUp takes a class a sample for targets, got target (2, 1) Float32",
            Error(() => numbers.MixUp(classes: 2).Read([1, 2], 0)));
        Assert.Equal("sample 0: its class is 3, MixUp counts 1 classes",
            Error(() => Labelled(3).MixUp(classes: 1).Read([0, 1], 0)));
    }

    private static TensorDataset Labelled(long label) => new(zeros(2, 5), full(2, label, dtype: ScalarType.Int64));
}
