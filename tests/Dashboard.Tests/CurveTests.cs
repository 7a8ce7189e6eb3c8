namespace Interactive.Dashboard.Tests;

public class CurveTests
{
    private static Curve Of(int count, Func<int, float> value)
    {
        var curve = new Curve();
        for (var step = 1; step <= count; step++) curve.Add(step, value(step));
        return curve;
    }

    private static List<(double X, float Y)> Points(Curve curve, double from = double.NegativeInfinity,
        double to = double.PositiveInfinity) => [.. curve.Between(step => step, from, to, 800)];

    [Theory]
    [InlineData(1)]
    [InlineData(123_457)]
    [InlineData(1_000_000)]
    public void A_spike_of_one_step_in_a_million_is_kept(int at)
    {
        var points = Points(Of(1_000_000, step => step == at ? 50 : 1));
        Assert.Contains((at, 50), points);
        Assert.True(points.Count <= 4 * 801, $"{points.Count} points for 800 columns");
        Assert.Equal(points.OrderBy(p => p.X), points);
    }

    // What the page draws: each column's first, least, greatest and last, whatever the axis.
    [Theory]
    [InlineData(1.0)]
    [InlineData(0.37)]
    [InlineData(1e-9)]
    public void Columns_have_the_points_that_a_look_at_each_step_finds(double scale)
    {
        var random = new Random(7);
        var values = Enumerable.Range(0, 20_000).Select(_ => random.NextSingle()).ToArray();
        double Place(int step) => scale * (step + step % 3 / 10.0);
        double left = Place(1), width = (Place(20_000) - left) / 800;
        var expected = Enumerable.Range(1, 20_000).GroupBy(step => (int)((Place(step) - left) / width)).SelectMany(column => new[]
        {
            column.First(), column.MinBy(s => values[s - 1]), column.MaxBy(s => values[s - 1]), column.Last(),
        }.Distinct().Order());
        Assert.Equal(expected.Select(s => (Place(s), values[s - 1])), Of(20_000, step => values[step - 1]).Between(Place, double.NegativeInfinity, double.PositiveInfinity, 800));
    }

    [Fact]
    public void A_narrow_window_has_every_step_and_one_more_at_either_side()
        => Assert.Equal(Enumerable.Range(499, 103).Select(x => (double)x),
        Points(Of(1_000_000, step => step), 500, 600).Select(p => p.X));

    [Fact]
    public void What_is_no_number_hides_no_number()
    {
        var points = Points(Of(100_000, step => step % 2 == 0 ? float.NaN : step == 50_001 ? -7 : 1));
        Assert.Contains((50_001, -7), points);
        Assert.All(Points(Of(100_000, _ => float.NaN)), p => Assert.True(float.IsNaN(p.Y)));
    }

    [Fact]
    public void Steps_that_take_no_time_lie_at_one_place()
        => Assert.NotEmpty(new Curve[] { Of(10_000, step => step) }[0].Between(_ => 0, double.NegativeInfinity,
        double.PositiveInfinity, 800));

    [Fact]
    public void Nothing_is_nothing() => Assert.Empty(Points(new Curve()));
}
