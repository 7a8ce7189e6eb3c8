using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>What a net that was trained with <see cref="Execution.Ctc"/> has read.</summary>
public static class CtcDecoding
{
    /// <summary>
    /// The likeliest label of each step, those that repeat once, without blanks: the labels of each sample.
    /// </summary>
    /// <param name="scores">(batch, steps, labels), before or after a softmax.</param>
    /// <param name="blank">The label that stands for none; default 0.</param>
    public static IReadOnlyList<long[]> Greedy(Tensor scores, long blank = 0)
    {
        using var scope = NewDisposeScope();
        var steps = (int)scores.shape[1];
        var best = scores.argmax(2).cpu().contiguous().data<long>().ToArray();
        return [.. best.Chunk(steps).Select(row => row.Where((label, t) => label != blank && (t == 0 || label != row[t - 1])).ToArray())];
    }
}
