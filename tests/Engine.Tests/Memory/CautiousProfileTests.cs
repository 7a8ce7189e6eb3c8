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
    /// <summary>
    /// What such a plan is said to take is no less than what the same steps take by what was measured.
    /// </summary>
    [Theory]
    [InlineData("resnet50")]
    [InlineData("unet")]
    [InlineData("vgg19")]
    [InlineData("densenet121")]
    [InlineData("inceptionv4")]
    [InlineData("mobilenet")]
    [InlineData("gpt")]
    [InlineData("vit")]
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

    /// <summary>Channels come in whole vectors, and threads that share samples sum up weights of their own.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_convolution_asks_for_no_more_than_is_said(int threads)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var before = get_num_threads();
        set_num_threads(threads);
        try
        {
            foreach (var (inputs, outputs, kernel, stride, size, groups) in new[]
            {
                (3, 48, 16, 16, 32, 1), (3, 768, 16, 16, 64, 1), (3, 64, 7, 2, 64, 1), (3, 64, 3, 1, 32, 1), (1, 6, 5,
                    1, 28, 1), (6, 16, 5, 1, 28, 1), (20, 20, 9, 1, 16, 1),
                (33, 33, 3, 1, 16, 1), (48, 96, 1, 1, 16, 1), (24, 24, 7, 1, 16, 24), (32, 32, 3, 1, 16, 32), (8, 32, 3,
                    1, 16, 4), (3, 96, 4, 4, 32, 1), (5, 128, 11, 1, 12, 1),
            })
                foreach (var batch in (int[])[1, 4])
                {
                    var net = new GraphBuilder("convolution", new Shape(inputs, size, size));
                    var graph =
                        net.Build(net.Input.BatchNorm().Conv(outputs, kernel, stride,
                        padding: kernel == stride ? 0 : kernel / 2, groups: groups).AdaptiveAvgPool(1).Flatten());
                    var (measured, said) = (Profiler.Measure(graph, batch, repetitions: 1).Nodes[1],
                        AnalyticProfile.Cautious(Fusion.Fuse(graph), batch).Nodes[1]);
                    var name =
                        $"{inputs} to {outputs} channels in {groups} groups, {kernel} at {stride}, {batch} samples";
                    Assert.True(measured.ForwardWorkspace <= said.ForwardWorkspace,
                        $"{name}, forward: {measured.ForwardWorkspace:N0} measured, {said.ForwardWorkspace:N0} said");
                    Assert.True(measured.BackwardWorkspace <= said.BackwardWorkspace, $"{name}, backward: {measured.BackwardWorkspace:N0} measured, {said.BackwardWorkspace:N0} said");
                }
        }
        finally { set_num_threads(before); }
    }
}
