using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// A training step whose bits do not depend on the number of ranks: the global batch is cut into a canonical number of
/// shards, each shard runs on its own with a random generator and running statistics of its own, and losses, gradients
/// and statistics are added in one tree over all shards. A rank takes an aligned part of them, so any power of two of
/// ranks up to the number of shards gives the same.
/// </summary>
public sealed class DeterministicDataParallel : IParallelStrategy, IDividesOptimizer
{
    private readonly int shards;
    private readonly DataParallel inner;
    private readonly ShardTree gradients = new(), statistics = new();
    private StrategyContext context = null!;
    private ICommunicator? world;
    private Tensor[] buffers = []; // running statistics and counters

    /// <summary>With a shard a micro-batch, over data parallel.</summary>
    /// <param name="shards">Parts of every batch, a power of two; default 8.</param>
    /// <param name="zero">ZeRO stage: 0 (default), 1, 2 or 3.</param>
    /// <param name="overlap">Reduce on a thread of its own; same bits.</param>
    /// <param name="bucketBytes">Least bytes of gradients that are reduced together; default 4 MiB.</param>
    /// <exception cref="UsageException">The shards are no power of two.</exception>
    public DeterministicDataParallel(int shards = 8, int zero = 0, bool overlap = true, long bucketBytes = 4 << 20)
    {
        if (shards < 1 || !int.IsPow2(shards))
            throw new UsageException($"--shards must be a power of two, got {shards}");
        this.shards = shards;
        inner = zero == 0 ? new DataParallel { Overlap = overlap, BucketBytes = bucketBytes, IsDeterministic = true }
            : new ZeroDataParallel(zero) { Overlap = overlap, BucketBytes = bucketBytes, IsDeterministic = true };
    }

    /// <inheritdoc/>
    public int MicroBatches(int batchSize, int ranks)
    {
        if (batchSize % shards != 0) throw new UsageException($"--batch-size must be divisible by the {shards} shards of --deterministic, got {batchSize}");
        return shards % ranks == 0 ? shards : throw new UsageException($"--deterministic: {ranks} ranks cannot share {shards} shards evenly; choose a power of two of ranks up to --shards");
    }

    /// <inheritdoc/>
    public void Setup(StrategyContext context)
    {
        this.context = context;
        inner.Setup(context);
        world?.Dispose();
        world = context.World.Duplicate(new AllReduceOptions { Deterministic = true });
        buffers = [.. context.Graph.named_buffers().Select(b => b.buffer)];
    }

    /// <inheritdoc/>
    public double Backward(IReadOnlyList<Batch> batches, StepWeights weights, long step)
    {
        using var scope = NewDisposeScope();
        var losses = new double[batches.Count];
        var before = buffers.Select(b => b.clone()).ToArray();
        inner.Begin();
        context.Executor.GradientReady += inner.Unused.Ready;
        try
        {
            for (var i = 0; i < batches.Count; i++)
            {
                using var batch = batches[i].CopyTo(context.Device);
                inner.Pool.Zero();
                Restore(before);
                Devices.ManualSeed((long)(new CounterRandom(context.Seed,
                    (ulong)(step * shards + world!.Rank * batches.Count + i)).Next() >> 1));
                var factor = weights.Factor(i);
                if (factor != 0)
                {
                    inner.Unused.Watch();
                    losses[i] = context.Executor.Step(batch.Inputs, batch.Targets, factor / shards) * factor;
                    inner.Unused.Collect();
                }
                else inner.Skip();
                gradients.Add(inner.Pool.Buffer);
                if (Statistics() is { } vector) statistics.Add(vector);
            }
        }
        finally { context.Executor.GradientReady -= inner.Unused.Ready; }
        inner.Unused.Agree(context.World);
        gradients.MoveTo(inner.Pool.Buffer);
        inner.Reducer.Begin();
        foreach (var range in inner.Pool.Ranges) inner.Reducer.Ready(range.Parameter);
        if (Statistics() is { } mean)
        {
            statistics.MoveTo(mean);
            world!.AllReduce(mean, "running statistics");
            using var share = Scalars.Of(1.0 / shards); // a power of two: exact
            Scatter(mean.mul_(share));
        }
        return world!.AllGather(MemoryMarshal.AsBytes<double>(losses))
            .SelectMany(part => MemoryMarshal.Cast<byte, double>(part).ToArray()).Sum() / shards;
    }

    /// <inheritdoc/>
    public double? Update(double learningRate, double? largestNorm) => inner.Update(learningRate, largestNorm);

    void IParallelStrategy.Gather() => ((IParallelStrategy)inner).Gather();

    string? IParallelStrategy.Description => ((IParallelStrategy)inner).Description;

    string? IParallelStrategy.Conclude() => ((IParallelStrategy)inner).Conclude();

    internal (long Predicted, long Measured)? ParameterBytes => (inner as ZeroDataParallel)?.ParameterBytes;

    IDividedState? IDividesOptimizer.Shards => (inner as IDividesOptimizer)?.Shards;

    private Tensor? Statistics()
    {
        var parts = buffers.Where(b => b.dtype == ScalarType.Float32).Select(b => b.flatten()).ToArray();
        return parts.Length == 0 ? null : cat(parts);
    }

    private void Scatter(Tensor mean)
    {
        using var noGrad = no_grad();
        long at = 0;
        foreach (var buffer in buffers.Where(b => b.dtype == ScalarType.Float32))
        {
            buffer.copy_(mean.narrow(0, at, buffer.numel()).view(buffer.shape));
            at += buffer.numel();
        }
    }

    private void Restore(Tensor[] values)
    {
        using var noGrad = no_grad();
        for (var i = 0; i < buffers.Length; i++) buffers[i].copy_(values[i]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        gradients.Dispose();
        statistics.Dispose();
        inner.Dispose();
        world?.Dispose();
    }
}
