using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>How classifiers' outputs and labels are laid out.</summary>
internal static class ClassScores
{
    /// <summary>The label that does not count, as libtorch has it.</summary>
    public const long Ignored = -100;

    /// <summary>
    /// Where the classes are: 1 of (batch, classes) and (batch, classes, height, width), 2 of (batch, tokens, classes).
    /// </summary>
    public static int Axis(Tensor output) => output.dim() == 3 ? 2 : 1;

    /// <summary>
    /// The class numbers, one for each place of the output: as they are given, or the likeliest of shares of the classes. In
    /// a dispose scope.
    /// </summary>
    /// <param name="metric">How a message calls who asks.</param>
    /// <param name="output">Scores.</param>
    /// <param name="target">Labels.</param>
    /// <exception cref="UsageException">They do not belong together, or a label is none of the classes.</exception>
    public static Tensor Labels(string metric, Tensor output, Tensor target)
    {
        var axis = Axis(output);
        if (output.dim() < 2 || output.shape[axis] < 2 && target.is_floating_point())
            throw new UsageException($"the metric {metric} takes a score for each of two classes or more, the net gives ({Text(output)}); for yes-or-no answers give Metrics.From(\"{metric}\", (output, target) => output.gt(0).eq(target.gt(0.5)), higherIsBetter: true)");
        if (target.is_floating_point() && target.shape.SequenceEqual(output.shape)) return OfShares(metric, target, axis);
        long[] expected = [.. output.shape.Where((_, i) => i != axis)];
        if (!Shapes.AreAlike(target.shape, expected))
            throw new UsageException($"the metric {metric} takes labels ({string.Join(", ", expected)}) to scores ({Text(output)}), the targets are ({Text(target)})");
        var labels = target.reshape(expected);
        var strange = labels.lt(0).logical_or(labels.ge(output.shape[axis])).logical_and(labels.ne(Ignored));
        if (strange.any().item<bool>())
            throw new UsageException($"the metric {metric}: a label is {labels[strange][0].to_type(ScalarType.Int64).item<long>()}, but the net tells {output.shape[axis]} classes apart; one that does not count is {Ignored}");
        return labels;
    }

    private static Tensor OfShares(string metric, Tensor shares, int axis)
    {
        const double Rounding = 1e-3;
        return shares.sum(axis).sub(1).abs().max().item<float>() <= Rounding ? shares.argmax(axis)
            : throw new UsageException($"the metric {metric} takes one class a sample, the targets are numbers ({Text(shares)}) that do not add up to 1");
    }

    private static string Text(Tensor of) => string.Join(", ", of.shape);
}
