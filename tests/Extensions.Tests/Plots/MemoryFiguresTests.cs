using Interactive.Extensions.Plots;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;
using Newtonsoft.Json.Linq;

namespace Interactive.Extensions.Tests.Plots;

public sealed class MemoryFiguresTests
{
    // Without patience: how far a search comes in a second depends on what else the machine does.
    private static (PlanningGraph Facts, Plan Plan) Planned()
    {
        var fused =
            Fusion.Fuse(Zoo.Create("resnet18", new ModelOptions { Image = new Shape(3, 64, 64), ShapesOnly = true }));
        var facts = new PlanningGraph(fused, AnalyticProfile.Of(fused, 4));
        return (facts, PlanReport.Make(facts, MemoryBudget.Parse("60%"), PlannerList.Find("auto", TimeSpan.Zero)).Plan);
    }

    [Fact]
    public void A_timeline_rises_to_the_predicted_peak_and_names_its_steps()
    {
        var (facts, plan) = Planned();
        var figure = JObject.Parse(MemoryFigures.Timeline(facts, plan).ToPlotlyJson());
        var peak = figure["data"]!.Single(t => (string?)t["name"] == "peak in the step");
        Assert.Equal(plan.Prediction.PeakBytes / 1048576.0, peak["y"]!.Values<double>().Max(), 1e-9);
        var texts = peak["text"]!.Values<string>().ToList();
        Assert.Equal(plan.Prediction.Recomputes, texts.Count(t => t!.StartsWith("again ")));
        Assert.Contains("backward layer1.0.conv1", texts);
        Assert.Equal(3, figure["data"]!.Count(t => (string?)t["stackgroup"] == "live"));
    }

    [Fact]
    public void Every_tensor_has_a_bar_that_tells_its_birth_and_death_and_none_lies_on_another()
    {
        var (facts, plan) = Planned();
        var figure = MemoryFigures.Tensors(facts, plan);
        var traces = JObject.Parse(figure.ToPlotlyJson())["data"]!;
        Assert.Contains(traces.Single(t => (string?)t["name"] == "made again")["text"]!.Values<string>(),
            t => t!.Contains("made again") && t.Contains("(again "));
        Assert.Contains(traces.Single(t => (string?)t["name"] == "gradients")["text"]!.Values<string>(),
            t => t!.StartsWith("gradient of layer1.0.") && t.Contains("(backward "));
        var bars = traces.SelectMany(t => t["x"]!.Values<double>().Zip(t["width"]!.Values<double>(), t["base"]!.Values<double>()).Zip(t["y"]!.Values<double>(), (a, y) => (Left: a.First - a.Second / 2, Right: a.First + a.Second / 2, Low: a.Third, High: a.Third + y))).ToList();
        Assert.All(bars,
            a
            => Assert.DoesNotContain(bars,
            b => b != a && a.Left < b.Right && b.Left < a.Right && a.Low < b.High - 1e-9 && b.Low < a.High - 1e-9));
        Assert.NotEmpty(FigurePicture.Draw(figure));
    }
}
