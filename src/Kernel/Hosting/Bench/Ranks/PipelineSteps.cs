using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Layouts;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// Whole training steps, gradients and optimiser, of one model under one layout: a contestant of <c>bench parallel</c>.
/// Every one begins with the same parameters and sees the same batch, so all of them must end with the same bits.
/// </summary>
internal sealed class PipelineSteps : IDisposable
{
    private const double Rate = 0.01;

    private readonly ICommunicator world;
    private readonly Graph graph;
    private readonly Executor executor;
    private readonly Optimizer optimizer;
    private readonly PipelineParallel strategy;
    private readonly Batch[] batches;
    private readonly StepWeights weights;
    private readonly List<double> seconds = [], waited = [];
    private readonly List<double> losses = [];

    /// <param name="world">The ranks that take part. Collective over them.</param>
    /// <param name="graph">The model; from now on this object's.</param>
    /// <param name="layout">How they divide it.</param>
    /// <param name="batch">Samples of a step.</param>
    public PipelineSteps(ICommunicator world, Graph graph, string layout, int batch)
    {
        (this.world, this.graph) = (world, graph);
        strategy = new PipelineParallel(layout);
        var count = strategy.MicroBatches(batch, world.Size);
        var share = strategy.Share(world);
        executor = new Executor(graph);
        optimizer = OptimizerList.Create("sgd");
        (string, TorchSharp.Modules.Parameter)[] parameters = [.. graph.named_parameters().Select(p => (p.name, p.parameter)).DistinctBy(p => p.parameter.Handle)];
        optimizer.Assign(parameters);
        graph.train();
        strategy.Setup(new StrategyContext(world, graph, executor, optimizer, parameters, CPU, Seed: 1));
        var (inputs, targets) = SyntheticBatch.Of(graph, batch);
        var micro = batch / count;
        batches = [.. Enumerable.Range(share.Part * count / share.Parts, count / share.Parts)
            .Select(i => new Batch([.. inputs.Select((t, n) => Part(t, i * micro, micro, $"input {n}"))],
            [.. targets.Select((t, n) => Part(t, i * micro, micro, $"target {n}"))]))];
        foreach (var tensor in inputs.Concat(targets)) tensor.Dispose();
        weights = new StepWeights([.. batches.Select(_ => (double)micro)], batch, count);
    }

    private static NamedTensor Part(Tensor whole, int from, int count, string name)
    {
        using var part = whole.narrow(0, from, count);
        return new(name, part.clone());
    }

    /// <summary>What was planned.</summary>
    public LayoutPlan Plan => strategy.Plan;

    /// <summary>One step. Collective.</summary>
    /// <param name="counts">It is measured.</param>
    public void Run(bool counts)
    {
        world.Barrier();
        var (started, communicated) = (Stopwatch.GetTimestamp(), CommunicationTime.Seconds);
        losses.Add(strategy.Backward(batches, weights, losses.Count));
        strategy.Update(Rate, null);
        if (!counts) return;
        seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        waited.Add(CommunicationTime.Seconds - communicated);
    }

    /// <summary>What all ranks have measured. Collective.</summary>
    public Result Conclude()
    {
        ((IParallelStrategy)strategy).Gather();
        double[] mine = [.. seconds, .. waited, strategy.ActivationPeakBytes];
        var all = world.AllGather(MemoryMarshal.AsBytes<double>(mine))
            .Select(part => MemoryMarshal.Cast<byte, double>(part).ToArray()).ToArray();
        var rounds = seconds.Count;
        var slowest = Enumerable.Range(0, rounds).Select(i => all.Max(rank => rank[i])).ToArray();
        var idle = Enumerable.Range(0, rounds).Select(i => all.Sum(rank => rank[rounds + i]) / (all.Length * slowest[i]));
        return new(Plan, slowest, Durations.Median([.. idle]), [.. all.Select(rank => (long)rank[2 * rounds])], Bits(), losses);
    }

    private string Bits()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<double>(losses.ToArray()));
        foreach (var (_, tensor) in graph.state_dict()) hash.AppendData(tensor.bytes);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>A contestant's measurements.</summary>
    /// <param name="Plan">What was predicted.</param>
    /// <param name="Seconds">Of each measured round, those of the slowest rank.</param>
    /// <param name="IdleShare">The part of all ranks' time in which they waited for others.</param>
    /// <param name="ActivationBytes">By rank, at most.</param>
    /// <param name="Bits">Of all losses, and of the model after the last step.</param>
    /// <param name="Losses">By step.</param>
    public sealed record Result(LayoutPlan Plan, IReadOnlyList<double> Seconds, double IdleShare,
        IReadOnlyList<long> ActivationBytes, string Bits, IReadOnlyList<double> Losses)
    {
        /// <summary>The most by which a step's loss differs from another's.</summary>
        public double LossApart(Result from) => from.Losses.Zip(Losses, (a, b) => Math.Abs(a - b)).Max();

        /// <summary>The middle one.</summary>
        public double Median => Durations.Median(Seconds);

        /// <summary>Median over the rounds of another's time divided by this one's in the same round.</summary>
        public double Faster(Result than)
            => Durations.Median([.. than.Seconds.Zip(Seconds, (other, own) => other / own)]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var batch in batches) batch.Dispose();
        strategy.Dispose();
        optimizer.Dispose();
        executor.Dispose();
        graph.Dispose();
    }
}
