using Interactive.Engine.Tests.Models;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;

namespace Interactive.Engine.Tests.Memory;

public class CapacityTests
{
    [Fact]
    public void The_largest_batch_fits_and_one_more_does_not()
    {
        using var graph = SmallModels.Create("resnet18");
        var memory = FixedBytes.Of(graph, 0) + (64L << 20);
        var batch = Capacity.LargestBatch(graph, memory, new KeepAllPlanner(), precision: 0);
        long Needed(long size)
        {
            var fused = Fusion.Fuse(graph);
            return FixedBytes.Of(graph, size)
                + new KeepAllPlanner().Make(new PlanningGraph(fused, AnalyticProfile.Of(fused, size)),
                long.MaxValue)!.Prediction.PeakBytes;
        }
        Assert.True(batch > 4);
        Assert.InRange(Needed(batch), 1, memory);
        Assert.True(Needed(batch + 1) > memory);
    }

    [Fact]
    public void Dropping_makes_room_for_more_samples()
    {
        using var graph = SmallModels.Create("resnet18");
        var memory = FixedBytes.Of(graph, 0) + (64L << 20);
        var all = Capacity.LargestBatch(graph, memory, new KeepAllPlanner());
        Assert.InRange(Capacity.LargestBatch(graph, memory, new CheapDropPlanner()), all + 1, 8 * all);
    }

    [Fact]
    public void Nothing_fits_where_the_parameters_do_not()
    {
        using var graph = SmallModels.Create("resnet18");
        Assert.Equal(0, Capacity.LargestBatch(graph, 1000, new KeepAllPlanner()));
    }
}
