using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// A number that says how good a model is on a set of samples, put together from sums over batches. The sums of all
/// batches are added in the order of the batches, whichever rank ran them, so any number of ranks reports the same
/// bits.
/// </summary>
public interface IMetric
{
    /// <summary>
    /// Its name in logs and options, such as <c>accuracy</c>; lower case, words joined by underscores.
    /// </summary>
    string Name { get; }

    /// <summary>Whether more is better; chooses the best model.</summary>
    bool HigherIsBetter { get; }

    /// <summary>
    /// What adds up over batches: always the same number of terms. Labels that do not count are left out.
    /// </summary>
    /// <param name="outputs">The graph's outputs, in evaluation mode.</param>
    /// <param name="targets">The batch's targets; a label that the objective does not count is -100.</param>
    double[] Sums(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets);

    /// <summary>Adds a batch's sums to those of the batches before it, zeros at first; default number by number.</summary>
    void Add(Span<double> total, ReadOnlySpan<double> part)
    {
        for (var i = 0; i < total.Length; i++) total[i] += part[i];
    }

    /// <summary>The metric from the sums over all batches; not a number where nothing counted.</summary>
    double Value(ReadOnlySpan<double> sums);
}
