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
        manual_seed(5);
        var net = new GraphBuilder("thawing", new Shape(1, 8, 8));
        using var graph = net.Build(net.Input.Conv(8, 3, padding: 1).Relu().MaxPool(2).Flatten().Linear(32).Relu().Linear(32).Relu().Linear(4));
        TrainingRun.Run(world, folder, graph, arguments, hooks: new Seasons());
    }

    // By step: the first and the last layer, all, all but the second and a bias, all.
    private sealed class Seasons : Hook
    {
        private static void Set(Trainer trainer)
        {
            trainer.Graph.Unfreeze("*");
            if (trainer.Step < 4) trainer.Graph.Freeze("linear.*", "linear_1.*");
            else if (trainer.Step is >= 9 and < 14) trainer.Graph.Freeze("linear.*", "conv2d.bias");
        }

        public override void BeforeRun(Trainer trainer) => Set(trainer);

        public override void AfterStep(Trainer trainer, TrainRecord record) => Set(trainer);
    }
}
