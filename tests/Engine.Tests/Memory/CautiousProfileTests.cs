using Interactive.Engine.Tests.Models;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Memory;

/// <summary>Plans made from shapes alone for where nothing can be measured.</summary>
[Trait("Speed", "slow")]
public class CautiousProfileTests
{
    /// <summary>What such a plan is said to take is no less than what the same steps take by what was measured.</summary>
    [Theory]
    [InlineData("resnet50")]
    [InlineData("unet")]
    [InlineData("vgg19")]
    [InlineData("densenet121")]
    [InlineData("inceptionv4")]
    [InlineData("mobilenet")]
    [InlineData("gpt")]
    public void A_plan_from_shapes_holds_what_kernels_ask_for(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        const int batch = 4;
        var graph = SmallModels.Create(name);
        var fused = Fusion.Fuse(graph);
        var measured = new ScheduleSimulator(new PlanningGraph(fused, Profiler.Measure(graph, batch, repetitions: 1)));
        var cautious = new PlanningGraph(fused, AnalyticProfile.Cautious(fused, batch));
        foreach (var plan in new[] { new KeepAllPlanner().Make(cautious, long.MaxValue)!, LeastBudget.Find(cautious) })
            Assert.True(measured.Run(plan.Schedule).PeakBytes <= plan.Prediction.PeakBytes, $"{plan.Schedule.Planner}: {measured.Run(plan.Schedule).PeakBytes:N0} measured, {plan.Prediction.PeakBytes:N0} said");
    }
}
