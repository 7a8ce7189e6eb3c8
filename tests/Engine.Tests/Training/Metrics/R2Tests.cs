using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

public class R2Tests
{
    [Fact]
    public void Explained_variance_is_averaged_over_columns_and_put_together_from_batches()
    {
        using var scope = NewDisposeScope();
        // column 1: errors 0.1, -0.2, 0.3, 0 of targets 1, 2, 3, 4; column 2: always the mean
        var target = tensor(new float[,] { { 1, 10 }, { 2, 30 }, { 3, 20 }, { 4, 40 } });
        var output = tensor(new[,] { { 1.1f, 25 }, { 1.8f, 25 }, { 3.3f, 25 }, { 4, 25 } });
        double[] Sums(long from, long to)
            => Metrics.R2.Sums([output.narrow(0, from, to - from)], [target.narrow(0, from, to - from)]);
        var both = new double[7];
        Metrics.R2.Add(both, Sums(0, 1));
        Metrics.R2.Add(both, Sums(1, 4));
        Assert.Equal((1 - 0.14 / 5 + 0) / 2, Metrics.R2.Value(both), 1e-6);
        Assert.Equal(Metrics.R2.Value(Sums(0, 4)), Metrics.R2.Value(both), 1e-12);
    }

    // scikit-learn 1.2: r2_score of the same numbers
    [Theory]
    [InlineData(new[] { 0.1f, 0.1f, 0.1f }, new[] { 0.1f, 0.2f, 0.3f }, 0)]
    [InlineData(new[] { 0.1f, 0.1f, 0.1f }, new[] { 0.1f, 0.1f, 0.1f }, 1)]
    [InlineData(new[] { 0.1f }, new[] { 0.2f }, double.NaN)]
    public void A_target_that_does_not_vary_is_explained_wholly_or_not_at_all(float[] target, float[] output, double expected)
        => Assert.Equal(expected, Metrics.R2.Value(Metrics.R2.Sums([tensor(output).unsqueeze(1)], [tensor(target).unsqueeze(1)])));

    [Fact]
    public void A_small_spread_of_large_numbers_is_kept()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var target = randn(999, 1, ScalarType.Float64) + 1e8;
        var output = target + 0.5 * randn(999, 1, ScalarType.Float64);
        var sums = new double[4];
        for (var at = 0; at < 999; at += 111) Metrics.R2.Add(sums, Metrics.R2.Sums([output.narrow(0, at, 111)], [target.narrow(0, at, 111)]));
        var right = 1 - ((output - target).square().sum() / (target - target.mean()).square().sum()).item<double>();
        Assert.Equal(right, Metrics.R2.Value(sums), 1e-6);
    }
}
