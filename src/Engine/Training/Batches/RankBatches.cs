using Interactive.Data;

namespace Interactive.Training;

/// <summary>The batches that one rank runs: its part of every global batch, cut into micro-batches or shards.</summary>
internal sealed class RankBatches(IBatchSource source, BatchFit fit, Sampler sampler, BatchShare share, int micro,
    LoaderOptions loading)
{
    private readonly Loader loader = new(source, loading);

    /// <summary>Those of an epoch from a step on, in order, read ahead of their use.</summary>
    public IEnumerable<Batch> Read(int epoch, int firstStep)
        => loader.Read(Samples(epoch, firstStep), epoch, sampler.Seed,
        (batch, samples) => fit.Take(batch, source, samples));

    private IEnumerable<int[]> Samples(int epoch, int firstStep)
    {
        var order = source.Order(epoch, sampler.GlobalBatch, sampler.Seed) ?? sampler.Order(epoch);
        for (var step = firstStep; step < sampler.StepsPerEpoch; step++)
        {
            var mine = Sampler.Part(order, sampler.GlobalBatch, step, share.Part, share.Parts);
            for (var at = 0; at < mine.Count; at += micro)
                yield return mine.AsSpan(at, micro).ToArray();
        }
    }
}
