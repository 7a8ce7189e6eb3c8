using Interactive.Collectives;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.MpiWorker;

/// <summary>A run whose layers freeze and thaw in the middle of an epoch: what the ranks have is dealt anew each time.</summary>
static class Thawing
{
    public static void Run(ICommunicator world, string folder, string[] arguments)
    {
        using var graph = Net();
        TrainingRun.Run(world, folder, graph, arguments, hooks: new Seasons());
    }

    /// <summary>The same by a loop of one's own.</summary>
    public static void Loop(ICommunicator world, string folder, string[] arguments)
    {
        using var graph = Net();
        using var loop = new TrainingLoop(CommandLine.Parse(arguments, new TrainerOptions { Out = folder, Epochs = 1, BatchSize = 8 }), communicator: world);
        var model = loop.Setup(graph);
        manual_seed(7);
        while (loop.Continue(18))
            for (var step = 0; step < 18; step++)
            {
                Set(graph, step);
                Tensor x = randn(8, 1, 8, 8), y = randint(0, 4, 8, dtype: ScalarType.Int64);
                model.Backward([x[(4 * world.Rank)..(4 * world.Rank + 4)]], [y[(4 * world.Rank)..(4 * world.Rank + 4)]]);
                model.Step(0.003);
                loop.Note(1);
            }
        Console.WriteLine($"rank {world.Rank} hash {TrainingRun.Hash(graph)}");
    }

    private static Graph Net()
    {
        manual_seed(5);
        var net = new GraphBuilder("thawing", new Shape(1, 8, 8));
        return net.Build(net.Input.Conv(8, 3, padding: 1).Relu().MaxPool(2).Flatten().Linear(32).Relu().Linear(32).Relu().Linear(4));
    }

    // By step: the first and the last layer, all, all but the second and a bias, all.
    private static void Set(Graph graph, long step)
    {
        graph.Unfreeze("*");
        if (step < 4) graph.Freeze("linear.*", "linear_1.*");
        else if (step is >= 9 and < 14) graph.Freeze("linear.*", "conv2d.bias");
    }

    private sealed class Seasons : Hook
    {
        public override void BeforeRun(Trainer trainer) => Set(trainer.Graph, trainer.Step);

        public override void AfterStep(Trainer trainer, TrainRecord record) => Set(trainer.Graph, trainer.Step);
    }
}
