using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Memory;

/// <summary>Plans by chance, which a search would never think of.</summary>
internal static class RandomPlans
{
    /// <summary>Keeps and drops by chance.</summary>
    public static Interactive.Memory.Retention Retention(PlanningGraph graph, Random random, double density)
    {
        var retention = new Interactive.Memory.Retention(graph);
        for (var v = 1; v < retention.Values.Length; v++)
            if (!graph.IsOutput[v] && random.NextDouble() < density) retention.Values[v] = (Keep)random.Next(1, 3);
        for (var n = 0; n < retention.Graphs.Length; n++)
            if (random.NextDouble() < density) retention.Graphs[n] = (Keep)random.Next(1, 3);
        return retention;
    }

    /// <summary>
    /// Keep-all and several plans by chance have plain autograd's bits, and the peak that was said to the byte.
    /// </summary>
    public static PlanningGraph AssertBitsAndPeaks(Graph graph, IObjective? objective, Tensor[] inputs,
        Tensor[] targets, int plans = 8)
    {
        var facts = Facts.Measured(graph, inputs[0].shape[0], objective);
        var expected = TrainingStep.Plain(graph, objective ?? new CrossEntropy(), inputs, targets);
        var random = new Random(3);
        for (var plan = 0; plan < plans; plan++)
        {
            var schedule = new ScheduleBuilder(facts).Build(plan == 0 ? new Interactive.Memory.Retention(facts)
                : Retention(facts, random, plan < plans / 2 ? 0.3 : 0.7), "random");
            expected.AssertSame(TrainingStep.Planned(graph, schedule, objective, inputs, targets, out var peak));
            Assert.Equal(new ScheduleSimulator(facts).Run(schedule).PeakBytes, peak);
        }
        return facts;
    }
}
