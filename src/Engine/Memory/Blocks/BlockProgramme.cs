using Interactive.Memory.Chains;

namespace Interactive.Memory.Blocks;

/// <summary>
/// The dynamic programme over the blocks of one planning graph. The chain's bytes are near the truth, not the truth
/// (blocks overlap at their ends, statistics come and go): plans are tried from the fastest on, and the first whose
/// schedule the simulator lets pass is it.
/// </summary>
internal sealed class BlockProgramme
{
    private const int Tries = 200;
    private const double Above = 1.3; // begin with plans for this much of the budget

    private readonly PlanningGraph graph;
    private readonly BlockChain chain;
    private readonly BlockWriter writer;
    private readonly ScheduleSimulator simulator;
    private readonly ChainPlanner planner;

    public BlockProgramme(PlanningGraph graph, BlockCuts cuts)
    {
        this.graph = graph;
        chain = new BlockChain(graph, cuts);
        writer = new BlockWriter(graph, chain);
        simulator = new ScheduleSimulator(graph);
        var all = simulator.Run(new ScheduleBuilder(graph).Build(new Retention(graph), "keep-all")).PeakBytes;
        planner = new ChainPlanner(chain.Chain, (long)(all * Above), slots: 400);
    }

    /// <summary>The fastest plan found within a budget, or null.</summary>
    public Plan? Within(long budget)
    {
        Plan? best = null;
        var tries = 0;
        var previous = double.NaN;
        foreach (var plan in planner.From(Math.Clamp((long)(Above * budget) - chain.AlwaysBytes, 1, planner.MaxBytes)))
        {
            if (plan.Seconds == previous) continue;
            previous = plan.Seconds;
            tries++;
            best = Better(plan, hold: false, budget, Better(plan, hold: true, budget, best));
            // A few more after the first that fits: the chain's seconds are an estimate too.
            if (best is not null) tries += Tries / 10;
            if (tries > Tries) break;
        }
        return best;
    }

    /// <summary>About the same, as beginnings for a search.</summary>
    public IEnumerable<Retention> Beginnings(long budget)
    {
        foreach (var share in new[] { 1.0, 0.9 })
            if (planner.From(Math.Clamp((long)(share * budget) - chain.AlwaysBytes, 1, planner.MaxBytes))
                .FirstOrDefault() is { } plan)
                yield return BlockRetention.Of(graph, chain, plan.Ops);
    }

    /// <summary>The plans that no other beats in bytes and time.</summary>
    public IReadOnlyList<Plan> Front()
    {
        var plans = planner.Front;
        var every = Math.Max(1, plans.Count / 60);
        return plans.Where((_, i) => i % every == 0 || i == plans.Count - 1)
            .SelectMany(p => new[] { Smallest(p, hold: true), Smallest(p,
            hold: false), Better(p, hold: true, long.MaxValue, null)!, Better(p, hold: false, long.MaxValue, null)! })
            .Fastest();
    }

    private Plan Smallest(ChainPlan plan, bool hold)
    {
        var steps = writer.Write(plan.Ops, hold, out var into);
        return SmallestPlan.Of(simulator, steps, into, "optimal");
    }

    private Plan? Better(ChainPlan plan, bool hold, long budget, Plan? best)
    {
        var steps = writer.Write(plan.Ops, hold, out var into);
        var prediction = simulator.Run(steps, into, budget, out _);
        if (prediction.PeakBytes > budget || best?.Prediction.Seconds <= prediction.Seconds) return best;
        var schedule = simulator.Decided("optimal", steps);
        return new Plan(schedule, simulator.Run(schedule));
    }
}
