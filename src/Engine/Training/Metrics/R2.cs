using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>By column: squared errors, targets and their squares; then the number of rows.</summary>
internal sealed class R2 : IMetric
{
    public string Name => "r2";
    public bool HigherIsBetter => true;

    public double[] Sums(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var target = targets[0].reshape(targets[0].shape[0], -1).to_type(ScalarType.Float64);
        var error = outputs[0].reshape(target.shape).to_type(ScalarType.Float64) - target;
        return [.. Numbers(error.square()), .. Numbers(target), .. Numbers(target.square()), target.shape[0]];

        static double[] Numbers(Tensor rows) => rows.sum([0L]).cpu().data<double>().ToArray();
    }

    public double Value(ReadOnlySpan<double> sums)
    {
        var (columns, rows, total) = ((sums.Length - 1) / 3, sums[^1], 0.0);
        for (var c = 0; c < columns; c++)
            total += 1 - sums[c] / (sums[2 * columns + c] - sums[columns + c] * sums[columns + c] / rows);
        return total / columns;
    }
}
