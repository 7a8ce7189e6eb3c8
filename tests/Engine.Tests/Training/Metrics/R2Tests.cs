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
        double[] both = [.. Sums(0, 1).Zip(Sums(1, 4), (a, b) => a + b)];
        Assert.Equal((1 - 0.14 / 5 + 0) / 2, Metrics.R2.Value(both), 1e-6);
        Assert.Equal(Metrics.R2.Value(Sums(0, 4)), Metrics.R2.Value(both), 1e-12);
    }
}
