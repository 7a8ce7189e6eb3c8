using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// The usual metrics. All read the first output and the first target; <see cref="From"/> makes one of one's own.
/// </summary>
public static class Metrics
{
    /// <summary>Share of right answers of a classifier, by sample, token or pixel: <c>accuracy</c>.</summary>
    public static IMetric Accuracy { get; } = new TopK(1, "accuracy");

    /// <summary>
    /// Share of answers with the right class among the <paramref name="k"/> likeliest: <c>top5</c> for 5.
    /// </summary>
    public static IMetric TopK(int k) => new TopK(k, $"top{k}");

    /// <summary>e to the mean cross-entropy of a token (Jelinek et al. 1977): <c>perplexity</c>.</summary>
    public static IMetric Perplexity { get; } = new Perplexity();

    /// <summary>
    /// Intersection over union of each class, averaged over the classes that occur (Jaccard 1912): <c>mean_iou</c>.
    /// </summary>
    public static IMetric MeanIoU { get; } = new ClassCounts("mean_iou",
        (hits, answers, labels) => hits / (answers + labels - hits));

    /// <summary>
    /// Harmonic mean of precision and recall of each class, averaged over the classes that occur (macro): <c>f1</c>.
    /// </summary>
    public static IMetric F1 { get; } = new ClassCounts("f1", (hits, answers, labels) => 2 * hits / (answers + labels));

    /// <summary>
    /// Letters put in, left out or taken for others in what is read from (batch, steps, labels), the likeliest label of
    /// each step, as a share of the right texts' letters: <c>cer</c>. Targets as for <see cref="Execution.Ctc"/>.
    /// </summary>
    /// <param name="blank">The label that stands for none; default 0.</param>
    public static IMetric CharacterErrorRate(long blank = 0) => new CharacterErrors(blank);

    /// <summary>Root of the mean squared error over all numbers: <c>rmse</c>.</summary>
    public static IMetric RootMeanSquaredError { get; } = new RootMeanSquaredError();

    /// <summary>Mean absolute error over all numbers: <c>mae</c>.</summary>
    public static IMetric MeanAbsoluteError { get; } = From("mae", (output, target) =>
    {
        var (ours, right) = Shapes.Pair("mae", output, target);
        return (ours - right).abs();
    }, higherIsBetter: false);

    /// <summary>
    /// Share of the targets' variance that is explained, averaged over columns (coefficient of determination):
    /// <c>r2</c>. A column that does not vary counts 1 where all is right, else 0, as in scikit-learn; of one row it is not a number.
    /// </summary>
    public static IMetric R2 { get; } = new R2();

    /// <summary>
    /// The mean of a number by sample, token, …: what <paramref name="each"/> returns, all elements alike. A single number
    /// is taken for the mean of the batch's samples.
    /// </summary>
    /// <param name="name">Its name in logs.</param>
    /// <param name="each">(first output, first target) to a tensor of any shape.</param>
    /// <param name="higherIsBetter">Whether more is better.</param>
    public static IMetric From(string name, Func<Tensor, Tensor, Tensor> each, bool higherIsBetter)
        => new MeanOf(name, each, higherIsBetter);
}
