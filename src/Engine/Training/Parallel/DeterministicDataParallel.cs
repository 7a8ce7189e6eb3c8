using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// A training step whose bits do not depend on the number of ranks: the global batch is cut into a canonical number of shards,
/// each shard runs on its own with a random generator and running statistics of its own, and losses, gradients and statistics
/// are added in one tree over all shards. A rank takes an aligned part of them, so any power of two of ranks up to the number
/// of shards gives the same.
/// </summary>
internal sealed class DeterministicDataParallel : IDisposable
{
    private readonly ICommunicator world;
    private readonly Executor executor;
    private readonly GradientPool pool;
    private readonly OverlappedReducer reducer;
    private readonly int shards;
    private readonly ulong seed;
    private readonly Tensor[] buffers; // running statistics and counters
    private readonly ShardTree gradients = new(), statistics = new();

    /// <summary>Collective.</summary>
    public DeterministicDataParallel(ICommunicator world, Graph graph, Executor executor, GradientPool pool, OverlappedReducer reducer, int shards, ulong seed)
    {
        this.world = world.Duplicate(new AllReduceOptions { Deterministic = true });
        (this.executor, this.pool, this.reducer, this.shards, this.seed) = (executor, pool, reducer, shards, seed);
        buffers = [.. graph.named_buffers().Select(b => b.buffer)];
    }

    /// <summary>Runs this rank's shards and begins to reduce the mean gradient of the global batch. Returns the mean loss.</summary>
    /// <param name="batches">This rank's shards, in order.</param>
    /// <param name="step">Number of the step: it seeds the shards' generators.</param>
    /// <param name="device">Where the model is.</param>
    public double Run(IEnumerator<Batch> batches, long step, Device device)
    {
        using var scope = NewDisposeScope();
        var mine = shards / world.Size;
        var losses = new double[mine];
        var before = buffers.Select(b => b.clone()).ToArray();
        for (var i = 0; i < mine; i++)
        {
            batches.MoveNext();
            using var batch = batches.Current.MoveTo(device);
            pool.Zero();
            Restore(before);
            Devices.ManualSeed((long)(new CounterRandom(seed, (ulong)(step * shards + world.Rank * mine + i)).Next() >> 1));
            losses[i] = executor.Step(batch.Input, batch.Target, 1.0 / shards);
            gradients.Add(pool.Buffer);
            if (Statistics() is { } vector) statistics.Add(vector);
        }
        gradients.MoveTo(pool.Buffer);
        reducer.Begin();
        foreach (var range in pool.Ranges) reducer.Ready(range.Parameter);
        if (Statistics() is { } mean)
        {
            statistics.MoveTo(mean);
            world.AllReduce(mean, "running statistics");
            using var share = Scalars.Of(1.0 / shards); // a power of two: exact
            Scatter(mean.mul_(share));
        }
        return world.AllGather(MemoryMarshal.AsBytes<double>(losses)).SelectMany(part => MemoryMarshal.Cast<byte, double>(part).ToArray()).Sum() / shards;
    }

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
        world.Dispose();
    }
}
