using System.Text.Json;
using System.Text.Json.Nodes;
using Interactive.Extensions.Display;
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

    [Fact]
    public void A_simulation_is_a_curve_a_model_and_says_that_it_is_none_measured()
    {
        var bundle = ScalingFigures.Simulated(JsonDocument.Parse("""
            {"measured":false,"results":[{"model":"a","ranks":32,"net":"25g","computeSeconds":0.09,"stepSeconds":0.1,"efficiency":0.9},
             {"model":"a","ranks":512,"net":"25g","computeSeconds":0.09,"stepSeconds":0.12,"efficiency":0.75},{"model":"b","ranks":32,"net":"25g","computeSeconds":0.05,"stepSeconds":0.1,"efficiency":0.5}]}
            """).RootElement);
        Assert.StartsWith("Predicted, not measured", bundle.Text);
        Assert.Matches("a +512 +25g +120.0 +90.0 +75.0", bundle.Text);
        var data = ((JsonNode)bundle.Data[Mime.Plotly])["data"]!.AsArray();
        Assert.Equal(["ideal", "a, 25 Gbit/s", "b, 25 Gbit/s"], data.Select(t => (string?)t!["name"]));
        Assert.Equal([100, 90, 75], data[1]!["y"]!.AsArray().Select(v => Math.Round(v!.GetValue<double>(), 6)));
    }
}
