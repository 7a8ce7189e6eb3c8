using Interactive.Collectives;
using Interactive.Data;

namespace Interactive.Training;

/// <summary>The batches that one rank runs: its part of every global batch, cut into micro-batches or shards.</summary>
internal sealed class RankBatches(IBatchSource source, BatchFit fit, Sampler sampler, ICommunicator world, int micro)
{
    /// <summary>Those of an epoch from a step on, in order, read as they are asked for.</summary>
    public IEnumerable<Batch> Read(int epoch, int firstStep)
    {
        var order = sampler.Order(epoch);
        for (var step = firstStep; step < sampler.StepsPerEpoch; step++)
        {
            var mine = Sampler.Part(order, sampler.GlobalBatch, step, world.Rank, world.Size);
            for (var at = 0; at < mine.Count; at += micro)
                yield return fit.Read(source, mine.AsSpan(at, micro), epoch, sampler.Seed);
        }
    }
}
