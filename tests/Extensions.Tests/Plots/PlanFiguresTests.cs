using System.Text.Json;
using Interactive.Extensions.Display;
using Interactive.Extensions.Plots;
using Newtonsoft.Json.Linq;

namespace Interactive.Extensions.Tests.Plots;

public sealed class PlanFiguresTests
{
    private const string Plan = """
        {"model":"net","batch":8,"image":"3x8x8","planner":"optimal","feasible":true,"budgetBytes":52428800,"leastBudgetBytes":20971520,"fixedBytes":1,"plainPeakBytes":104857600,
         "keepAllPeakBytes":104857600,"predictedPeakBytes":41943040,"predictedOverhead":0.085,"planSeconds":0.1,
         "pareto":[{"budgetBytes":104857600,"overhead":0},{"budgetBytes":41943040,"overhead":0.085}],
         "planners":[{"name":"keep-all","peakBytes":104857600,"overhead":0},{"name":"optimal","peakBytes":41943040,"overhead":0.085}]}
        """;

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    [Fact]
    public void A_plan_says_what_it_promises_and_lists_the_planners()
    {
        var bundle = PlanFigures.Plan(Parse(Plan));
        Assert.StartsWith("net, optimal: 40 MiB of activations (40 % of plain), 8.5 % extra time\n", bundle.Text);
        Assert.Contains("keep-all      100.0            0.0\noptimal        40.0            8.5", bundle.Text);
        var data = JObject.Parse(PlanFigures.Pareto(Parse(Plan)).ToPlotlyJson())["data"]!;
        Assert.Equal([40, 100], data[0]!["x"]!.Values<double>());
        Assert.Equal([8.5, 0], data[0]!["y"]!.Values<double>());
        Assert.Equal("chosen", (string?)data[2]!["name"]);
    }

    [Fact]
    public void A_plan_that_does_not_exist_says_what_would_fit()
        => Assert.StartsWith("net: no plan fits 50 MiB; the least is 20 MiB",
        PlanFigures.Plan(Parse(Plan.Replace("\"feasible\":true", "\"feasible\":false"))).Text);

    [Fact]
    public void A_sum_over_ranks_is_shown_beside_its_peers()
    {
        var bundle = ScalingFigures.AllReduce(Parse("""
            {"ranks":2,"hosts":1,"results":[{"bytes":65536,"algorithm":"window","seconds":0.0001,"busBandwidth":655360000,"peers":[{"name":"MPI_Allreduce","setting":"default","seconds":0.0002}]}]}
            """));
        Assert.Contains("2 ranks on 1 host", bundle.Text);
        Assert.Matches("64 KiB  window +0.100 +0.66 +0.33", bundle.Text);
        Assert.True(bundle.Data.ContainsKey(Mime.Plotly));
    }

    [Fact]
    public void Measured_memory_is_shown_beside_plain()
    {
        var bundle = PlanFigures.Memory(Parse("""
            {"plain":{"peakBytes":104857600,"seconds":1},"scoped":{"peakBytes":209715200,"seconds":1.25},"keepAll":{"peakBytes":104857600,"seconds":1},"planned":null,"bitIdentical":true}
            """));
        Assert.StartsWith("loss and gradients are bit-identical to plain\n", bundle.Text);
        Assert.Contains("one scope a step      200.0        200.0     1.250", bundle.Text);
        Assert.True(bundle.Data.ContainsKey(Mime.Png));
    }
}
