using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Runtime;
using Interactive.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// A whole training step, forward to optimiser, made again and again on one batch of a net of its own.
/// </summary>
internal sealed class WholeStep : IDisposable
{
    public const double LearningRate = 1e-3, LargestNorm = 1, WeightDecay = 0.01;

    private readonly Func<double> step;
    private readonly IDisposable[] owned;

    private WholeStep(Func<double> step, params IDisposable[] owned) => (this.step, this.owned) = (step, owned);

    /// <summary>Makes a step; the loss.</summary>
    public double Run() => step();

    /// <summary>As a trainer makes it on one rank.</summary>
    public static WholeStep OfEngine(Graph graph, int batch, string optimizer)
    {
        var device = Devices.Of(graph);
        var (executor, stepper, strategy) = (new Executor(graph),
            OptimizerList.Create(optimizer, momentum: 0.9, WeightDecay), new DataParallel());
        var (input, target) = SyntheticBatch.For(graph, batch);
        var data = new Batch(input, target);
        var parameters = graph.named_parameters().Select(p => (p.name, p.parameter)).DistinctBy(p => p.parameter.Handle)
            .ToArray();
        stepper.Assign(parameters);
        strategy.Setup(new StrategyContext(World.Current, graph, executor, stepper, parameters, device, Seed: 1));
        long steps = 0;
        return new(() =>
        {
            var loss = strategy.Backward([data], new StepWeights([1], 1, 1), steps++);
            strategy.Update(LearningRate, LargestNorm);
            return loss;
        }, strategy, stepper, executor, data);
    }

    /// <summary>
    /// TorchSharp's autograd, clipping and optimiser over the whole graph, every intermediate let go after its last
    /// use.
    /// </summary>
    public static WholeStep OfPlain(Graph graph, int batch, string optimizer)
    {
        var (input, target) = SyntheticBatch.For(graph, batch);
        var parameters = graph.parameters().DistinctBy(p => p.Handle).ToArray();
        var stepper = optimizer switch
        {
            "adamw" => (optim.Optimizer)optim.AdamW(parameters, LearningRate, weight_decay: WeightDecay),
            "sgd" => optim.SGD(parameters, LearningRate, momentum: 0.9, weight_decay: WeightDecay),
            _ => throw new UsageException($"unknown optimizer '{optimizer}': choose sgd or adamw, which all sides have"),
        };
        return new(() =>
        {
            using var scope = NewDisposeScope();
            stepper.zero_grad();
            using var output = graph.forward(input);
            using var loss = Losses.CrossEntropy(output, target);
            loss.backward();
            nn.utils.clip_grad_norm_(parameters, LargestNorm);
            stepper.step();
            return loss.item<float>();
        }, stepper, input, target);
    }

    public void Dispose()
    {
        foreach (var item in owned) item.Dispose();
    }
}
