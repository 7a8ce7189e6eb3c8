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

    /// <summary>
    /// Shapes that some processors' fast kernels refuse: small pictures, holes and wide kernels; and convolutions of
    /// other dimensions, turned round.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_convolution_of_matrix_products_asks_for_no_more_than_is_said(int threads)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var before = get_num_threads();
        set_num_threads(threads);
        try
        {
            foreach (var (module, sample) in new (nn.Module<Tensor, Tensor>, Shape)[]
            {
                (nn.Conv2d(256, 256, 3, padding: 1), new(256, 2, 2)), (nn.Conv2d(64, 64, 3, padding: 1), new(64, 1, 1)),
                (nn.Conv2d(64, 64, 3, padding: 4, dilation: 4), new(64, 16, 16)),
                (nn.Conv2d(64, 64, 15, padding: 7), new(64, 20, 20)), (nn.Conv2d(1, 1, 31, padding: 15), new(1, 64, 64)),
                (nn.ConvTranspose2d(128, 64, 2, stride: 2), new(128, 16, 16)), (nn.ConvTranspose2d(64, 3, 4, stride: 2), new(64, 32, 32)),
                (nn.ConvTranspose2d(64, 32, 3, stride: 2, groups: 4), new(64, 8, 8)),
                (nn.Conv1d(40, 80, 9, padding: 4), new(40, 50)), (nn.Conv1d(64, 64, 3, padding: 8, dilation: 8), new(64, 100)),
                (nn.ConvTranspose1d(80, 512, 3, stride: 2), new(80, 100)),
                (nn.Conv3d(16, 32, 3, padding: 1), new(16, 8, 8, 8)), (nn.Conv3d(32, 32, 3, padding: 1), new(32, 2, 2, 2)),
            })
                foreach (var batch in (int[])[1, 2, 8])
                {
                    var graph = Graph.Capture(nn.Sequential(module, nn.Flatten()), sample);
                    var at = graph.Nodes.ToList().FindIndex(node => node.Op.Kind.StartsWith("conv"));
                    var (measured, said) = (Profiler.Measure(graph, batch, repetitions: 1).Nodes[at], AnalyticProfile.Cautious(graph, batch).Nodes[at]);
                    var name = $"{graph.Nodes[at].Op.Kind} of {sample} to {graph.Nodes[at].Output.Shape}, {batch} samples";
                    Assert.True(measured.ForwardWorkspace <= said.ForwardWorkspace, $"{name}, forward: {measured.ForwardWorkspace:N0} measured, {said.ForwardWorkspace:N0} said");
                    Assert.True(measured.BackwardWorkspace <= said.BackwardWorkspace, $"{name}, backward: {measured.BackwardWorkspace:N0} measured, {said.BackwardWorkspace:N0} said");
                }
        }
        finally { set_num_threads(before); }
    }
}
