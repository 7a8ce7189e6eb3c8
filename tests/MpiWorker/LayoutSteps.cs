using System.Globalization;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Layouts;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.MpiWorker;

/// <summary>
/// One step under each of some layouts, from the same parameters: what a rank sent, and how far the gradients are from
/// those of the first layout. A layout of one rank is run by every rank for itself. With <c>NET-skips</c> no label counts of
/// the first micro-batch.
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
            using var model = PipelineNets.Create(net);
            using var executor = new Executor(model);
            using var optimizer = OptimizerList.Create("sgd", 0, 0);
            using var strategy = new PipelineParallel(layout);
            using var alone = Layout.Parse(layout).Ranks == 1 ? world.Split([world.Rank]) : null;
            var ranks = alone ?? world;
            var count = strategy.MicroBatches(batch, ranks.Size);
            var share = ((IParallelStrategy)strategy).Share(ranks);
            var mine = count / share.Parts;
            (string Name, TorchSharp.Modules.Parameter Parameter)[] parameters = [.. model.named_parameters()];
            Tensor[] before = layouts.Length == 1 ? [] : [.. parameters.Select(p => p.Parameter.detach().clone())];
            strategy.Setup(new StrategyContext(ranks, model, executor, optimizer, parameters, CPU, Seed: 1));
            Batch[] batches = [.. Enumerable.Range(share.Part * mine, mine).Select(i => Made(model, batch / count, i))];
            double[] weights = [.. Enumerable.Range(share.Part * mine, mine).Select(i => skips && i == 0 ? 0.0 : 1)];
            var sent = strategy.SentBytes;
            var loss = strategy.Backward(batches, new StepWeights(weights, count - (skips ? 1 : 0), count), 0);
            var norm = strategy.Update(1, double.PositiveInfinity);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rank {world.Rank} sent {strategy.SentBytes - sent} of {strategy.Plan.Ranks[0].SentBytes} loss {loss:R}"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rank {world.Rank} norm {norm:R}"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rank {world.Rank} held {strategy.ActivationPeakBytes} of {strategy.Plan.Ranks[0].ActivationPeakBytes}"));
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

    // The same on every rank that is given it.
    private static Batch Made(Graph model, int samples, int number)
    {
        manual_seed(100 + number);
        long[] shape = [samples, .. model.Input.Shape.ToArray()];
        var ofTokens = model.Input.Type == ScalarType.Int64;
        var input = ofTokens ? randint(PipelineNets.Vocabulary, shape) : randn(shape);
        var target = ofTokens ? randint(model.Output.Shape[1], [samples, model.Output.Shape[0]]) : randint(model.Output.Shape[0], samples);
        return new Batch([new("input", input)], [new("target", target)]);
    }
}
