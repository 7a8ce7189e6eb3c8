using Interactive.Collectives;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// The trainer's steps with and without <see cref="TrainerOptions.Deterministic"/>, in turn, with equally many threads.
/// </summary>
/// <param name="PlainSeconds">A step as usual: median.</param>
/// <param name="DeterministicSeconds">A step whose bits do not depend on the number of ranks: median.</param>
internal sealed record DeterministicSteps(double PlainSeconds, double DeterministicSeconds)
{
    private const int WarmUp = 2;

    /// <summary>Collective.</summary>
    /// <param name="world">The ranks.</param>
    /// <param name="create">Makes the model; called for each run.</param>
    /// <param name="batch">Samples of a step over all ranks.</param>
    /// <param name="shards">Parts of a deterministic step.</param>
    /// <param name="threads">Threads of each rank.</param>
    /// <param name="steps">Measured steps of a run.</param>
    /// <param name="rounds">Runs of each kind.</param>
    public static DeterministicSteps Measure(ICommunicator world, Func<Graph> create, int batch, int shards,
        int threads, int steps, int rounds)
    {
        List<double> plain = [], deterministic = [];
        for (var round = 0; round < rounds; round++)
        {
            plain.AddRange(Run(world, create, Options(deterministic: false)));
            deterministic.AddRange(Run(world, create, Options(deterministic: true)));
        }
        return new DeterministicSteps(Durations.Median(plain), Durations.Median(deterministic));

        TrainerOptions Options(bool deterministic) => new()
        {
            Name = "deterministic",
            BatchSize = batch,
            Shards = shards,
            Threads = threads,
            Deterministic = deterministic,
            Epochs = 1,
            MaxSteps = WarmUp + steps,
            CheckpointEvery = 0,
            LearningRate = 1e-3,
            Device = "cpu",
        };
    }

    private static List<double> Run(ICommunicator world, Func<Graph> create, TrainerOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("interactive-deterministic-");
        try
        {
            using var graph = create();
            var classes = (int)graph.Output.Shape[0];
            var times = new Times(options.BatchSize);
            using var trainer = new Trainer(graph,
                new SyntheticData(options.BatchSize * (int)options.MaxSteps, graph.Input.Shape, classes, seed: 1),
                new SyntheticData(1, graph.Input.Shape, classes, seed: 2), options with { Out = folder.FullName },
                    hooks: [times], communicator: world);
            trainer.Run();
            return times.Seconds[WarmUp..];
        }
        finally { folder.Delete(recursive: true); }
    }

    private sealed class Times(int batch) : Hook
    {
        public List<double> Seconds { get; } = [];

        public override void AfterStep(Trainer trainer, TrainRecord record)
            => Seconds.Add(batch / record.SamplesPerSecond);
    }
}
