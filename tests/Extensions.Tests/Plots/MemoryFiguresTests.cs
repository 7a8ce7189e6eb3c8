using Interactive.Extensions.Plots;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;
using Newtonsoft.Json.Linq;

namespace Interactive.Extensions.Tests.Plots;

public sealed class MemoryFiguresTests
{
    [Fact]
    public void A_timeline_rises_to_the_predicted_peak_and_names_its_steps()
    {
        using var graph = Zoo.Create("resnet18", new ModelOptions { Image = new Shape(3, 64, 64), ShapesOnly = true });
        var fused = Fusion.Fuse(graph);
        var facts = new PlanningGraph(fused, AnalyticProfile.Of(fused, 4));
        var plan = PlanReport.Make(facts, MemoryBudget.Parse("60%"), PlannerList.Find("auto")).Plan;
        var figure = JObject.Parse(MemoryFigures.Timeline(facts, plan).ToPlotlyJson());
        var peak = figure["data"]!.Single(t => (string?)t["name"] == "peak in the step");
        Assert.Equal(plan.Prediction.PeakBytes / 1048576.0, peak["y"]!.Values<double>().Max(), 1e-9);
        var texts = peak["text"]!.Values<string>().ToList();
        Assert.Equal(plan.Prediction.Recomputes, texts.Count(t => t!.StartsWith("again ")));
        Assert.Contains("backward layer1.0.conv1", texts);
        Assert.Equal(3, figure["data"]!.Count(t => (string?)t["stackgroup"] == "live"));
    }
}
