namespace Interactive.Memory.Chains;

/// <summary>
/// The fastest plan for every budget, optimal among those that keep a checkpoint until it is used (persistent ones; the
/// general problem is NP-hard). Sizes are counted in units of a share of the largest budget; every plan given out has been
/// replayed in bytes and holds its budget.
/// </summary>
public sealed class ChainPlanner
{
    private const long MostCells = 1L << 28; // numbers in the table: 1 GiB

    private readonly Chain chain;
    private readonly int[][] original; // the options left after those that lose in every respect are gone
    private readonly ChainTable table;
    private readonly double unit;
    private readonly Dictionary<int, ChainPlan> plans = [];
    private readonly Lazy<IReadOnlyList<ChainPlan>> front;

    /// <summary>Solves a chain for all budgets up to <paramref name="maxBytes"/>.</summary>
    /// <param name="chain">The blocks.</param>
    /// <param name="maxBytes">The largest budget of interest; what a step that recomputes nothing needs is enough.</param>
    /// <param name="slots">Units into which it is divided; default 500. Time is blocks cubed x slots, memory blocks squared x slots; from about a thousand blocks on there are fewer, see <see cref="Slots"/>.</param>
    public ChainPlanner(Chain chain, long maxBytes, int slots = 500)
    {
        if (chain.Stages.Count == 0) throw new ArgumentException("a chain has at least one block", nameof(chain));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        this.chain = chain;
        var count = chain.Stages.Count;
        Slots = slots = (int)Math.Clamp(2 * MostCells / ((long)count * (count + 1)), 1, slots);
        original = [.. chain.Stages.Select(Undominated)];
        var pruned = chain with { Stages = [.. chain.Stages.Select((s, i) => s with { Options = [.. original[i].Select(o => s.Options[o])] })] };
        unit = Math.Max(1, (double)maxBytes / slots);
        // Some slots above the largest budget: rounding may have put a plan that fits there.
        table = new ChainTable(pruned, unit, (int)Math.Min(slots, maxBytes) + Spare(unit));
        front = new(() => Pareto(table.Whole));
    }

    /// <summary>Units into which the largest budget is divided: those asked for, or as many as a table of 1 GiB holds.</summary>
    public int Slots { get; }

    /// <summary>The plans that no other beats in both time and bytes, from the smallest peak to the largest.</summary>
    public IReadOnlyList<ChainPlan> Front => front.Value;

    /// <summary>The least peak of any plan, in bytes.</summary>
    /// <exception cref="InvalidOperationException">The largest budget is too small for any plan.</exception>
    public long LeastBudget => Front.Count > 0 ? Front[0].PeakBytes : throw new InvalidOperationException("no plan fits the largest budget");

    /// <summary>Least seconds within a budget; infinity where no plan fits.</summary>
    public double Cost(long budget) => Plan(budget)?.Seconds ?? double.PositiveInfinity;

    /// <summary>The fastest plan whose peak is at most <paramref name="budget"/> bytes, or null.</summary>
    public ChainPlan? Plan(long budget)
    {
        var first = (int)Math.Min(table.Whole.Length - 1, Math.Ceiling(budget / unit) + Spare(unit));
        for (var m = first; m >= 0 && float.IsFinite(table.Whole[m]); m--)
            if (PlanAt(m) is var plan && plan.PeakBytes <= budget) return plan;
        return null;
    }

    // Without rounding (a unit is a byte) the budget is exact.
    private static int Spare(double unit) => unit == 1 ? 0 : 8;

    private ChainPlan PlanAt(int m)
    {
        if (plans.TryGetValue(m, out var plan)) return plan;
        var ops = table.Ops(m).Select(op => op.Kind == ChainOpKind.ForwardAll ? op with { Option = original[op.Stage][op.Option] } : op).ToArray();
        return plans[m] = ChainSimulator.Replay(chain, ops);
    }

    private List<ChainPlan> Pareto(ReadOnlySpan<float> seconds)
    {
        var candidates = new List<ChainPlan>();
        for (var m = 0; m < seconds.Length; m++)
            if (float.IsFinite(seconds[m]) && (m == 0 || seconds[m] != seconds[m - 1])) candidates.Add(PlanAt(m));
        var kept = new List<ChainPlan>();
        foreach (var plan in candidates.OrderBy(p => p.PeakBytes).ThenBy(p => p.Seconds))
            if (kept.Count == 0 || plan.Seconds < kept[^1].Seconds) kept.Add(plan);
        return kept;
    }

    private static int[] Undominated(ChainStage stage)
    {
        static bool Beats(BlockOption a, BlockOption b) => a.Forward + a.Backward <= b.Forward + b.Backward && a.SavedBytes <= b.SavedBytes
            && a.ForwardWorkspace <= b.ForwardWorkspace && a.BackwardWorkspace <= b.BackwardWorkspace;
        var options = stage.Options;
        return [.. Enumerable.Range(0, options.Count).Where(i => !Enumerable.Range(0, options.Count)
            .Any(j => j != i && Beats(options[j], options[i]) && (j < i || !Beats(options[i], options[j]))))];
    }
}
