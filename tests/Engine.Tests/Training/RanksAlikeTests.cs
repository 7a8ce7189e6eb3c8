using Interactive.Collectives;
using Interactive.Data;
using Interactive.Engine.Tests.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Ranks that were given different things are refused: they would train apart in silence.</summary>
public sealed class RanksAlikeTests : IDisposable
{
    private const string Advice = ": every rank is given the same, and takes its own part of each batch itself";
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private sealed record Given(TrainerOptions Options)
    {
        public int Width { get; init; } = 8;
        public int Samples { get; init; } = 32;
        public bool IsFrozen { get; init; }
        public float Offset { get; init; }
        public LearningRate? Rate { get; init; }
        public Optimizer? Optimizer { get; init; }
    }

    private sealed class Rows(int count, float offset) : IDataset<(float[] Input, long Target)>
    {
        public int Count => count;
        public (float[] Input, long Target) this[int index] => ([index + offset, 1], index % 3);
    }

    private string[] Train(Func<Given, Given> onRank1) => Ranks.Run(2, world =>
    {
        var given = new Given(new TrainerOptions { Name = "alike", Out = folder, Epochs = 1, BatchSize = 8, Progress = false, Device = "cpu", LearningRate = 0.01, Schedule = "constant" });
        if (world.Rank == 1) given = onRank1(given);
        using var graph = Graph.Capture(nn.Sequential(("a", nn.Linear(2, given.Width)), ("b", nn.Linear(given.Width, 3))), new Shape(2));
        if (given.IsFrozen) graph.parameters().First().requires_grad = false;
        var data = new Rows(given.Samples, given.Offset).Batches();
        try
        {
            using var trainer = new Trainer(graph, data, data, given.Options, optimizer: given.Optimizer, learningRate: given.Rate, communicator: world);
            trainer.Run();
            return string.Join(" ", graph.parameters().Select(p => p.sum().item<float>().ToString("R")));
        }
        catch (UsageException e) { return e.Message; }
    });

    private void Refused(string expected, Func<Given, Given> onRank1) => Assert.Equal([expected, expected], Train(onRank1));

    [Fact]
    public void Options() => Refused("rank 1 has --learning-rate 0.5 and rank 0 has --learning-rate 0.01" + Advice,
        g => g with { Options = g.Options with { LearningRate = 0.5 } });

    [Fact]
    public void Seeds() => Refused("rank 1 has --seed 2 and rank 0 has --seed 1" + Advice, g => g with { Options = g.Options with { Seed = 2 } });

    [Fact]
    public void Numbers_of_samples() => Refused("rank 1 has samples: 24 to train, 24 to evaluate and rank 0 has samples: 32 to train, 32 to evaluate" + Advice,
        g => g with { Samples = 24 });

    [Fact]
    public void Widths() => Refused("rank 1 has the parameter a.weight of shape [9, 2] and rank 0 has the parameter a.weight of shape [8, 2]" + Advice,
        g => g with { Width = 9 });

    [Fact]
    public void Frozen_parameters() => Refused("rank 1 has the parameter a.weight of shape [8, 2], frozen and rank 0 has the parameter a.weight of shape [8, 2]" + Advice,
        g => g with { IsFrozen = true });

    [Fact]
    public void Optimisers() => Refused("rank 1 has the optimiser Adam and rank 0 has the optimiser of the options" + Advice, g => g with { Optimizer = new Adam() });

    [Fact]
    public void Schedules() => Refused("the learning rate is 0.01 on rank 0 and 0.25 on rank 1: a schedule must say the same on every rank",
        g => g with { Rate = (_, _) => 0.25 });

    [Fact]
    public void Rates_in_a_loop_of_ones_own()
    {
        var lines = Ranks.Run(2, world =>
        {
            using var graph = Graph.Capture(nn.Sequential(("a", nn.Linear(2, 3))), new Shape(2));
            using var loop = new TrainingLoop(new TrainerOptions { Name = "rates", Out = folder, BatchSize = 8, Progress = false, Device = "cpu" }, world);
            var model = loop.Setup(graph);
            return Assert.Throws<UsageException>(() =>
            {
                while (loop.Continue(3))
                {
                    model.Backward([ones(4, 2)], [zeros(4, dtype: ScalarType.Int64)]);
                    model.Step(world.Rank == 0 ? 0.5 : 0.25);
                    loop.Note(1);
                }
            }).Message;
        });
        Assert.All(lines, line => Assert.Equal("the learning rate is 0.5 on rank 0 and 0.25 on rank 1: a schedule must say the same on every rank", line));
    }

    [Fact]
    public void What_is_the_ranks_own_may_differ()
    {
        var weights = Train(g => g with { Options = g.Options with { Workers = 2, Name = "by-its-clock" } });
        Assert.Equal(weights[0], weights[1]);
    }

    [Fact]
    public void Other_data_of_as_many_samples_are_told()
    {
        var lines = Ranks.Run(2, world => RanksAlike.Unlike(world, new Rows(32, world.Rank).Batches(), new Rows(32, 0).Batches()));
        Assert.All(lines, line => Assert.StartsWith("warning: sample 0 of the training set is another one on rank 1 than on rank 0", line));
        Assert.All(Ranks.Run(2, world => RanksAlike.Unlike(world, new Rows(32, 0).Batches(), new Rows(32, 0).Batches())), Assert.Null);
    }

    [Fact]
    public void A_number_in_the_data_that_is_none_is_named_on_every_rank()
    {
        var lines = Ranks.Run(2, world =>
        {
            using var graph = Graph.Capture(nn.Sequential(("a", nn.Linear(2, 3))), new Shape(2));
            var data = Dataset.Of([.. Enumerable.Range(0, 16).Select(i => (new[] { i == 5 ? float.NaN : i, 1 }, (long)(i % 3)))]).Batches();
            using var trainer = new Trainer(graph, data, data, new TrainerOptions { Name = "nan", Out = folder, Epochs = 1, BatchSize = 8, Progress = false, Device = "cpu" }, communicator: world);
            return Assert.Throws<DivergedException>(trainer.Run).Message;
        });
        Assert.Equal(lines[0], lines[1]);
        Assert.Contains("the input of sample 5 is not finite", lines[0]);
    }
}
