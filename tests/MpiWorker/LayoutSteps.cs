using System.Globalization;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Models;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.MpiWorker;

/// <summary>
/// One step under each of some layouts, from the same parameters: what a rank sent, and how far the gradients are from
/// those of the first layout. With <c>NET-skips</c> the first rank's first micro-batch has no label that counts.
/// </summary>
static class LayoutSteps
{
    public static void Run(ICommunicator world, string net, int batch, string[] layouts)
    {
        var skips = net.EndsWith("-skips");
        net = net.Replace("-skips", "");
        (string Name, Tensor Gradient)[] first = [];
        foreach (var layout in layouts)
        {
            using var scope = NewDisposeScope();
            using var model = net == "vgg16" ? Zoo.Create(net, new ModelOptions { Image = new Shape(3, 32, 32) }) : PipelineNets.Create(net);
            using var executor = new Executor(model);
            using var optimizer = OptimizerList.Create("sgd", 0, 0);
            using var strategy = new PipelineParallel(layout);
            var count = strategy.MicroBatches(batch, world.Size);
            var mine = count / ((IParallelStrategy)strategy).Share(world).Parts;
            (string Name, TorchSharp.Modules.Parameter Parameter)[] parameters = [.. model.named_parameters()];
            Tensor[] before = layouts.Length == 1 ? [] : [.. parameters.Select(p => p.Parameter.detach().clone())];
            strategy.Setup(new StrategyContext(world, model, executor, optimizer, parameters, CPU, Seed: 1));
            manual_seed(100 + world.Rank);
            var shape = model.Input.Shape.ToArray();
            Batch[] batches = [.. Enumerable.Range(0, mine).Select(_ => new Batch([new("input", randn([batch / count, .. shape]))], [new("target", randint(model.Output.Shape[0], batch / count))]))];
            double[] weights = [.. Enumerable.Range(0, mine).Select(i => skips && world.Rank == 0 && i == 0 ? 0.0 : 1)];
            var sent = strategy.SentBytes;
            var loss = strategy.Backward(batches, new StepWeights(weights, count - (skips ? 1 : 0), count), 0);
            strategy.Update(1, null);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rank {world.Rank} sent {strategy.SentBytes - sent} of {strategy.Plan.Ranks[0].SentBytes} loss {loss:R}"));
            strategy.Gather();
            if (layouts.Length == 1) return;
            using var noGrad = no_grad();
            (string Name, Tensor Gradient)[] gradients = [.. parameters.Select((p, i) => (p.Name, (before[i] - p.Parameter).DetachFromDisposeScope()))];
            if (first.Length == 0) first = gradients;
            foreach (var ((name, gradient), (_, expected)) in gradients.Zip(first))
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"rank {world.Rank} apart {(gradient - expected).abs().max().item<float>() / expected.abs().max().item<float>():R} {name}"));
        }
    }
}
