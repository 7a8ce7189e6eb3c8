using Interactive.Engine.Tests.Memory;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>Joins that are never laid together, because batch norms and other joins alone read them.</summary>
public class JoinInPiecesTests
{
    [Theory]
    [InlineData("densenet121", 58)]
    [InlineData("inceptionv4", 0)]
    [InlineData("unet", 0)]
    public void Joins_of_a_dense_block_stay_apart(string name, int expected)
        => Assert.Equal(expected,
        Memory.Facts.Analytic(name, 2, new ModelOptions { Image = new Shape(3, 96, 96) }).Nodes
        .Count(n => n.StaysApart));

    [Fact]
    public void A_join_that_a_convolution_reads_is_laid_together_from_all_pieces()
    {
        var joins = Dense().Nodes.Where(n => n.Op.IsJoin).ToArray();
        Assert.Equal([true, true, true, false], joins.Select(ConcatPieces.StayApart));
    }

    [Fact]
    public void Values_gradients_and_statistics_have_plain_bits_and_the_peak_is_the_predicted_one()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var graph = Dense();
        graph.train();
        foreach (var (name, parameter) in graph.named_parameters())
            if (name.StartsWith("norm1", StringComparison.Ordinal)) parameter.requires_grad_(false);
        var facts = Memory.Facts.Measured(graph, 4);
        var (x, y) = (randn(4, 3, 12, 12), randint(0, 10, 4, dtype: ScalarType.Int64));
        var plain = TrainingStep.Plain(graph, x, y);
        var keepAll = new KeepAllPlanner().Make(facts, long.MaxValue)!;
        var least = LeastBudget.Find(facts);
        Assert.True(least.Prediction.Recomputes > 0);
        foreach (var plan in new[] { keepAll, least })
        {
            plain.AssertSame(TrainingStep.Planned(graph, plan.Schedule, x, y, out var peak));
            Assert.Equal(plan.Prediction.PeakBytes, peak);
        }
        // The pieces once, what the norms make, and little else: less than the joins by themselves.
        var shares = new ScheduleSimulator(facts).Peak(keepAll.Schedule);
        Assert.DoesNotContain(shares,
            share => share.Holder == "concat" && share.Bytes > facts.ValueBytes[Joined(facts).Output.Id]);
    }

    private static Node Joined(PlanningGraph facts) => facts.Graph.Nodes.Last(n => n.Op.IsJoin);

    // Four layers, each of which reads what all before have made; the last join feeds a convolution.
    private static Graph Dense()
    {
        var net = new GraphBuilder("dense", new Shape(3, 12, 12));
        var x = net.Input.Conv(8, 3, padding: 1);
        for (var layer = 0; layer < 4; layer++) x = x.Concat(x.BatchNorm($"norm{layer}").Relu().Conv(6, 3, padding: 1));
        return net.Build(x.Conv(5, 1).AdaptiveAvgPool(1).Flatten().Linear(10));
    }
}
