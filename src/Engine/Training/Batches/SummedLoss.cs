using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// A loss of one's own that is a sum over samples where a mean is asked for. A step that is made in parts (micro-batches,
/// ranks) takes the mean of the parts' losses, which is the mean over all samples, but a share of their sum.
/// </summary>
internal static class SummedLoss
{
    /// <summary>What to tell before the first step; null where the loss is a mean, or the step has one part.</summary>
    /// <param name="objective">The user's or the library's.</param>
    /// <param name="train">Its first sample is looked at.</param>
    /// <param name="graph">The net.</param>
    /// <param name="ofStep">Parts of a step.</param>
    public static string? Caution(IObjective objective, IBatchSource train, Graph graph, int ofStep)
    {
        if (ofStep == 1 || !objective.IsUsers()) return null;
        using var generator = RandomState.Keep(Devices.Of(graph)); // a loss may draw
        using var scope = NewDisposeScope();
        double ofOne, ofTwo;
        try { (ofOne, ofTwo) = (Of([0]), Of([0, 0])); }
        catch (Exception e) when (e is not OutOfMemoryException) { return null; } // it may not take one sample, or one twice
        return ofOne != 0 && Math.Abs(ofTwo / ofOne - 2) < 1e-4
            ? $"caution: {objective.Called()} of two like samples is twice that of one, so it is a sum: a step is the mean of its {ofStep} parts, and its gradient {ofStep} times smaller than that of the sum; give a mean over the samples"
            : null;

        double Of(int[] samples)
        {
            using var batch = SampleError.Read(train, samples, epoch: null, seed: 0);
            return objective.Value([.. graph.Outputs.Select(o => zeros(o.Shape.WithBatch(batch.Count), o.Type))], batch.Targets)
                .to_type(ScalarType.Float64).item<double>();
        }
    }
}
