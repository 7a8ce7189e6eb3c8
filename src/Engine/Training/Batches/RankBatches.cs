using Interactive.Data;
using static TorchSharp.torch;

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

    /// <summary>
    /// Names the first number of this rank's samples of the step before a place that is not finite: "the input of sample 7". Reads them
    /// again. Null where all are finite.
    /// </summary>
    public string? NotFinite((int Epoch, int Step) next)
    {
        var (epoch, step) = next.Step > 0 ? (next.Epoch, next.Step - 1) : (next.Epoch - 1, sampler.StepsPerEpoch - 1);
        foreach (var samples in Samples(epoch, step).Take(sampler.GlobalBatch / share.Parts / micro))
        {
            using var batch = SampleError.Read(source, samples, epoch, sampler.Seed); // whole: samples may be mixed with each other
            for (var i = 0; i < samples.Length; i++)
                foreach (var (name, tensor) in batch.NamedInputs.Concat(batch.NamedTargets))
                    if (tensor.is_floating_point() && !IsFinite(tensor, i))
                        return $"the {name} of {SampleError.Name(samples[i], source.Origin(samples[i]))}";
        }
        return null;
    }

    private static bool IsFinite(Tensor tensor, int sample)
    {
        using var row = tensor[sample];
        using var each = row.isfinite();
        using var all = each.all();
        return all.item<bool>();
    }

    private IEnumerable<int[]> Samples(int epoch, int firstStep)
    {
        var order = sampler.Order(source, epoch);
        for (var step = firstStep; step < sampler.StepsPerEpoch; step++)
        {
            var mine = Sampler.Part(order, sampler.GlobalBatch, step, share.Part, share.Parts);
            for (var at = 0; at < mine.Count; at += micro)
                yield return mine.AsSpan(at, micro).ToArray();
        }
    }
}
