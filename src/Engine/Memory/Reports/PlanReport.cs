using Interactive.Memory.Planners;
using Interactive.Runtime;

namespace Interactive.Memory;

/// <summary>A budget answered: the plan, what it is compared with, and what else could be had.</summary>
public sealed record PlanReport
{
    /// <summary>Peak bytes of plain autograd; from an analytic profile, of the plan that recomputes nothing.</summary>
    public required long PlainPeakBytes { get; init; }
    /// <summary>The budget in bytes.</summary>
    public required long BudgetBytes { get; init; }
    /// <summary>The plan that recomputes nothing.</summary>
    public required Plan KeepAll { get; init; }
    /// <summary>The plan of the planner asked for.</summary>
    public required Plan Plan { get; init; }
    /// <summary>Seconds it took to find.</summary>
    public required double PlanSeconds { get; init; }

    /// <summary>Plans for a budget.</summary>
    /// <exception cref="UsageException">No plan fits; the message gives the least budget and its cost.</exception>
    public static PlanReport Make(PlanningGraph graph, MemoryBudget budget, IPlanner planner)
    {
        var keepAll = new KeepAllPlanner().Make(graph, long.MaxValue)!;
        var plain = graph.Profile.PlainPeakBytes ?? keepAll.Prediction.PeakBytes;
        var bytes = budget.Of(plain);
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var plan = planner.Make(graph, bytes);
        var seconds = System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (plan is null)
        {
            var least = LeastBudget.Find(graph);
            throw new UsageException($"no {planner.Name} plan fits {budget} = {ByteText.Of(bytes)} of {ByteText.Of(plain)}: the least budget is {ByteText.Of(least.Prediction.PeakBytes)} ({100.0 * least.Prediction.PeakBytes / plain:F0}%), at {Math.Max(0, 100 * least.Overhead):F0}% more time");
        }
        plan = plan with { Schedule = plan.Schedule with { PeakBytes = plan.Prediction.PeakBytes } };
        return new PlanReport
        {
            PlainPeakBytes = plain,
            BudgetBytes = bytes,
            KeepAll = keepAll,
            Plan = plan,
            PlanSeconds = seconds,
        };
    }
}
