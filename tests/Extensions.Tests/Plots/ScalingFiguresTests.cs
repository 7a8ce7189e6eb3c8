using Interactive.Extensions.Plots;
using Newtonsoft.Json.Linq;

namespace Interactive.Extensions.Tests.Plots;

public class ScalingFiguresTests
{
    private static readonly ScalingSeries Measured = new("measured", 0.5, [(1, 0.5), (2, 0.625)], IsSimulated: false);
    private static readonly ScalingSeries Simulated = new("simulated", 0.5, [(1, 0.5), (512, 1.0)], IsSimulated: true);

    [Fact]
    public void Efficiency_is_one_rank_s_time_over_many_beside_an_ideal_line()
    {
        var data = JObject.Parse(ScalingFigures.Efficiency(Measured, Simulated).ToPlotlyJson())["data"]!;
        Assert.Equal([1.0, 512], data[0]!["x"]!.Values<double>());
        Assert.Equal([100.0, 100], data[0]!["y"]!.Values<double>());
        Assert.Equal([100.0, 80], data[1]!["y"]!.Values<double>());
        Assert.Equal([100.0, 50], data[2]!["y"]!.Values<double>());
    }

    [Fact]
    public void Step_time_is_in_milliseconds()
    {
        var data = JObject.Parse(ScalingFigures.StepTime(Measured).ToPlotlyJson())["data"]!;
        Assert.Equal([500.0, 625], data[0]!["y"]!.Values<double>());
        Assert.Equal([500.0, 500], data[1]!["y"]!.Values<double>());
    }
}
