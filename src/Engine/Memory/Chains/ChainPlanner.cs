namespace Interactive.Memory.Chains;

/// <summary>
/// The fastest plan for every budget, optimal among those that keep a checkpoint until it is used (persistent ones; the
/// general problem is NP-hard). Sizes are counted in units of a share of the largest budget; every plan given out has
/// been replayed in bytes and holds its budget.
/// </summary>
public sealed class ChainPlanner
{
    private const long MostCells = 1L << 28; // numbers in a table: 1 GiB
    private const int Finer = 4;             // each further table ends at this part of the budgets of the one before
    private const int MostTables = 5;

    private readonly Chain chain;
    private readonly int[][] original; // the options left after those that lose in every respect are gone
    private readonly List<Lazy<Level>> levels = [];
    private readonly Lazy<IReadOnlyList<ChainPlan>> front;

    /// <summary>A table up to some budget, and the plans already read from it.</summary>
    private sealed record Level(ChainTable Table, double Unit)
    {
        public Dictionary<int, ChainPlan> Plans { get; } = [];
    }

    /// <summary>
    /// Prepares to plan a chain for all budgets up to <paramref name="maxBytes"/>; tables are filled when first asked.
    /// </summary>
    /// <param name="chain">The blocks.</param>
    /// <param name="maxBytes">The largest budget of interest; what a step that recomputes nothing needs is
    /// enough.</param>
    /// <param name="slots">Units into which it is divided; default 500. Time is blocks cubed x slots, memory blocks
    /// squared x slots; from about a thousand blocks on there are fewer, see <see cref="Slots"/>.</param>
    public ChainPlanner(Chain chain, long maxBytes, int slots = 500)
    {
        if (chain.Stages.Count == 0) throw new ArgumentException("a chain has at least one block", nameof(chain));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        this.chain = chain;
        MaxBytes = maxBytes;
        var count = chain.Stages.Count;
        Slots = slots = (int)Math.Clamp(2 * MostCells / ((long)count * (count + 1)), 1, slots);
        original = [.. chain.Stages.Select(Undominated)];
        var pruned =
            chain with
            {
                Stages =
            [.. chain.Stages.Select((s, i) => s with { Options = [.. original[i].Select(o => s.Options[o])] })]
            };
        for (var max = maxBytes; levels.Count < MostTables; max /= Finer)
        {
            var unit = Math.Max(1, (double)max / slots);
            // Some slots above the largest budget: rounding may have put a plan that fits there.
            var length = (int)Math.Min(slots, max) + Spare(unit);
            levels.Add(new(() => new Level(new ChainTable(pruned, unit, length), unit)));
            if (unit == 1) break;
        }
        front = new(Pareto);
    }

    /// <summary>The largest budget of interest.</summary>
    public long MaxBytes { get; }

    /// <summary>
    /// Units into which the largest budget of a table is divided: those asked for, or as many as 1 GiB holds.
    /// </summary>
    public int Slots { get; }

    /// <summary>The plans that no other beats in both time and bytes, from the smallest peak to the largest.</summary>
    public IReadOnlyList<ChainPlan> Front => front.Value;

    /// <summary>The least peak of any plan, in bytes.</summary>
    /// <exception cref="InvalidOperationException">The largest budget is too small for any plan.</exception>
    public long LeastBudget
        => Front.Count > 0 ? Front[0].PeakBytes
        : throw new InvalidOperationException("no plan fits the largest budget");

    /// <summary>Least seconds within a budget; infinity where no plan fits.</summary>
    public double Cost(long budget) => Plan(budget)?.Seconds ?? double.PositiveInfinity;

    /// <summary>The fastest plan whose peak is at most <paramref name="budget"/> bytes, or null.</summary>
    public ChainPlan? Plan(long budget)
    {
        var level = LevelOf(budget);
        var plan = From(level, budget).FirstOrDefault(p => p.PeakBytes <= budget);
        if (level.Unit == 1) return plan;
        // Where a unit is large against a block, rounding may have spoiled the table.
        var segments = ChenSegments.Plan(chain, budget);
        return segments.PeakBytes <= budget && !(plan?.Seconds <= segments.Seconds) ? segments : plan;
    }

    /// <summary>
    /// Plans from the fastest of about this budget to smaller and slower ones. Peaks are near, and in no strict order:
    /// for a caller with a referee of its own.
    /// </summary>
    internal IEnumerable<ChainPlan> From(long budget) => From(LevelOf(budget), budget);

    // Of the tables that reach so far, the one with the smallest units.
    private Level LevelOf(long budget)
    {
        var level = 0;
        for (var max = MaxBytes / Finer; level + 1 < levels.Count && budget <= max; max /= Finer) level++;
        return levels[level].Value;
    }

    private IEnumerable<ChainPlan> From(Level level, long budget)
    {
        var length = level.Table.Whole.Length;
        for (var m = (int)Math.Min(length - 1, Math.Ceiling(budget / level.Unit) + Spare(level.Unit)); m >= 0; m--)
            if (PlanAt(level, m) is { } plan) yield return plan;
    }

    // Without rounding (a unit is a byte) the budget is exact.
    private static int Spare(double unit) => unit == 1 ? 0 : 8;

    private ChainPlan? PlanAt(Level level, int m)
    {
        if (!float.IsFinite(level.Table.Whole[m])) return null;
        if (level.Plans.TryGetValue(m, out var plan)) return plan;
        var ops =
            level.Table.Ops(m).Select(op
            => op.Kind == ChainOpKind.ForwardAll ? op with { Option = original[op.Stage][op.Option] } : op).ToArray();
        return level.Plans[m] = ChainSimulator.Replay(chain, ops);
    }

    private List<ChainPlan> Pareto()
    {
        var candidates = new List<ChainPlan>();
        for (var i = 0; i < levels.Count; i++)
        {
            var level = levels[i].Value;
            var seconds = level.Table.Whole;
            for (var m = 0; m < seconds.Length; m++)
                if (float.IsFinite(seconds[m]) && (m == 0 || seconds[m] != seconds[m - 1]))
                    candidates.Add(PlanAt(level, m)!);
            // Finer tables only where plans reach down to them.
            if (candidates.Count == 0 || candidates.Min(p => p.PeakBytes) > 1.25 * MaxBytes / Math.Pow(Finer, i + 1))
                break;
        }
        var kept = new List<ChainPlan>();
        foreach (var plan in candidates.OrderBy(p => p.PeakBytes).ThenBy(p => p.Seconds))
            if (kept.Count == 0 || plan.Seconds < kept[^1].Seconds) kept.Add(plan);
        return kept;
    }

    private static int[] Undominated(ChainStage stage)
    {
        static bool Beats(BlockOption a, BlockOption b)
            => a.Forward + a.Backward <= b.Forward + b.Backward && a.SavedBytes <= b.SavedBytes
            && a.ForwardWorkspace <= b.ForwardWorkspace && a.BackwardWorkspace <= b.BackwardWorkspace;
        var options = stage.Options;
        return [.. Enumerable.Range(0, options.Count).Where(i => !Enumerable.Range(0, options.Count)
            .Any(j => j != i && Beats(options[j], options[i]) && (j < i || !Beats(options[i], options[j]))))];
    }
}
