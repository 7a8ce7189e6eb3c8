using Interactive.Extensions.Plots;

namespace Interactive.Extensions.Tests.Plots;

public sealed class OutlineTests
{
    [Theory]
    [InlineData(4000, 4000)] // all of them
    [InlineData(4001, 3999)]
    [InlineData(1_000_000, 4000)]
    public void A_long_line_keeps_its_ends_and_every_peak_in_few_points(int count, int most)
    {
        double[] x = [.. Enumerable.Range(1, count).Select(i => (double)i)], y = [.. x.Select(v => Math.Sin(v))];
        (y[count / 3], y[count / 2], y[count / 7]) = (50, -50, double.NaN);
        var line = Figure.Line("loss", x, y, "#000000");
        var (drawnX, drawnY) = ((double[])line.x, (double[])line.y);
        Assert.InRange(drawnX.Length, Math.Min(count, 2000), most);
        Assert.Equal((1, count), (drawnX[0], drawnX[^1]));
        Assert.Equal((50, -50), (drawnY.Max(), drawnY.Where(v => !double.IsNaN(v)).Min()));
        Assert.Equal(count / 3 + 1, drawnX[Array.IndexOf(drawnY, 50)]);
        Assert.Equal(drawnX.Order(), drawnX);
        Assert.Equal(drawnX.Length, drawnY.Length);
    }
}
