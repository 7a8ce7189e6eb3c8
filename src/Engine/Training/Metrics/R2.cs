using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// By column: squared errors, the targets' mean, and their squared distances from it; then the number of rows. Parts are put together by
/// their means (Chan, Golub and LeVeque 1983), for the difference of large sums would leave nothing of a small variance.
/// </summary>
internal sealed class R2 : IMetric
{
    public string Name => "r2";
    public bool HigherIsBetter => true;

    public double[] Sums(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var (output, target) = Shapes.Pair(Name, outputs[0], targets[0]);
        var rows = target.shape[0];
        target = target.reshape(rows, -1);
        var mean = target.mean([0L]);
        return [.. Numbers((output.reshape(rows, -1) - target).square().sum([0L])), .. Numbers(mean), .. Numbers((target - mean).square().sum([0L])), rows];

        static double[] Numbers(Tensor columns) => columns.cpu().data<double>().ToArray();
    }

    public void Add(Span<double> total, ReadOnlySpan<double> part)
    {
        var (columns, before, more) = ((part.Length - 1) / 3, total[^1], part[^1]);
        var rows = before + more;
        for (var c = 0; c < columns; c++)
        {
            var distance = part[columns + c] - total[columns + c];
            total[c] += part[c];
            total[columns + c] += before == 0 ? distance : distance * more / rows;
            total[2 * columns + c] += part[2 * columns + c] + distance * distance * before * more / rows;
        }
        total[^1] = rows;
    }

    public double Value(ReadOnlySpan<double> sums)
    {
        const double Rounding = 1e-12; // of a mean; fp32 varies by more where it varies
        var (columns, rows, total) = ((sums.Length - 1) / 3, sums[^1], 0.0);
        if (rows < 2) return double.NaN;
        for (var c = 0; c < columns; c++)
        {
            var (error, mean, spread) = (sums[c], sums[columns + c], sums[2 * columns + c]);
            var varies = !(spread <= rows * Math.Pow(Rounding * mean, 2));
            total += varies ? 1 - error / spread : error == 0 ? 1 : 0;
        }
        return total / columns;
    }
}
