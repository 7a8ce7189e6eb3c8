using System.Diagnostics;

namespace Interactive.Memory;

/// <summary>
/// Finds a <see cref="Retention"/> that fits a budget in little time. Every question is put to the simulator. A plan
/// over budget is repaired by the moves that take away most excess per second of recomputing (excess: bytes above the
/// budget, summed over all steps); a plan that fits is pruned of drops that are not needed any more; then one dear drop
/// after the other is undone and repaired in another way, and what is better stays.
/// </summary>
public sealed class RetentionSearch
{
    private readonly PlanningGraph graph;
    private readonly ScheduleBuilder builder;
    private readonly ScheduleSimulator simulator;
    private readonly long budget;
    private readonly long deadline;
    private readonly List<Choice> choices = [];
    private double excess;

    /// <summary>What may be dropped: a value, or a node's graph.</summary>
    private readonly record struct Choice(int Id, bool IsGraph);

    private readonly record struct Score(double Excess, double Seconds);

    /// <summary>Prepares a search.</summary>
    /// <param name="graph">Graph and profile.</param>
    /// <param name="budget">Bytes that may be alive at once.</param>
    /// <param name="patience">How long improving may take; repairing is never cut short.</param>
    public RetentionSearch(PlanningGraph graph, long budget, TimeSpan patience)
    {
        (this.graph, this.budget) = (graph, budget);
        (builder, simulator) = (new ScheduleBuilder(graph), new ScheduleSimulator(graph));
        deadline = Stopwatch.GetTimestamp() + (long)(patience.TotalSeconds * Stopwatch.Frequency);
        for (var v = 1; v < graph.ValueBytes.Length; v++)
            if (!graph.IsOutput[v] && !graph.IsFixed[v] && !graph.Stays[v]) choices.Add(new(v, false));
        foreach (var node in graph.Nodes)
            if (node.GraphIsChoice) choices.Add(new(node.Id, true));
    }

    /// <summary>Simulated plans so far.</summary>
    public int Evaluations { get; private set; }

    /// <summary>The cost of a plan.</summary>
    public Forecast Evaluate(Retention retention)
    {
        Evaluations++;
        var steps = builder.Build(retention, out var into);
        return simulator.Run(steps, into, budget, out excess);
    }

    private bool IsLate => Stopwatch.GetTimestamp() > deadline;

    private Score ScoreOf(Retention retention)
    {
        var seconds = Evaluate(retention).ExtraSeconds;
        return new(excess, seconds);
    }

    /// <summary>The best plan found from several beginnings; null when none fits the budget.</summary>
    public Retention? Best(IEnumerable<Retention> starts)
    {
        Retention? best = null;
        var seconds = double.PositiveInfinity;
        foreach (var start in starts)
        {
            if (best is not null && IsLate) break;
            var plan = start.Clone();
            if (!Repair(plan, [])) continue;
            plan = Pruned(plan);
            var score = ScoreOf(plan);
            if (score.Seconds < seconds) (best, seconds) = (plan, score.Seconds);
        }
        return best is null ? null : Improve(best);
    }

    /// <summary>Undoes one dear drop after the other and repairs the plan in another way.</summary>
    private Retention Improve(Retention plan)
    {
        var best = ScoreOf(plan);
        var tabu = new HashSet<Choice>();
        while (!IsLate)
        {
            // The dearest drop that was not tried yet.
            if (Dearest(plan, best.Seconds, tabu) is not { } choice) break;
            tabu.Add(choice);
            var other = plan.Clone();
            Set(other, choice, Keep.Throughout);
            if (!Repair(other, [choice])) continue;
            other = Pruned(other);
            var score = ScoreOf(other);
            if (score.Seconds >= best.Seconds * 0.9999) continue;
            (plan, best) = (other, score);
        }
        return plan;
    }

    private Choice? Dearest(Retention plan, double seconds, HashSet<Choice> tabu)
    {
        (Choice? Choice, double Saving) found = (null, 0);
        foreach (var choice in choices)
        {
            if (Get(plan, choice) == Keep.Throughout || tabu.Contains(choice)
                || !choice.IsGraph && !graph.IsSaved[choice.Id]) continue;
            var was = Get(plan, choice);
            Set(plan, choice, Keep.Throughout);
            var saving = seconds - ScoreOf(plan).Seconds;
            Set(plan, choice, was);
            if (saving > found.Saving) found = (choice, saving);
        }
        return found.Choice;
    }

    /// <summary>
    /// Drops, best excess per second first, until the budget holds. Scores go stale as plans change: a move is taken
    /// when its fresh score still leads.
    /// </summary>
    private bool Repair(Retention plan, HashSet<Choice> spared)
    {
        var now = ScoreOf(plan);
        if (now.Excess == 0) return true;
        var queue = new PriorityQueue<(Choice Choice, Keep To, int Version), double>();
        foreach (var choice in choices)
            if (!spared.Contains(choice) && Get(plan, choice) != Keep.Never) Push(choice, now, 0);
        for (var version = 0; now.Excess > 0 && queue.TryDequeue(out var move, out var priority);)
        {
            if (Get(plan, move.Choice) >= move.To) continue;
            if (move.Version != version)
            {
                Push(move.Choice, now, version);
                continue;
            }
            if (priority >= 0) return false; // nothing helps
            Set(plan, move.Choice, move.To);
            now = ScoreOf(plan);
            version++;
            if (move.To != Keep.Never) Push(move.Choice, now, version);
        }
        return now.Excess == 0;

        void Push(Choice choice, Score from, int version)
        {
            var was = Get(plan, choice);
            var (best, to) = (0.0, was + 1);
            for (var level = was + 1; level <= Keep.Never; level++)
            {
                Set(plan, choice, level);
                var score = ScoreOf(plan);
                var gain = (from.Excess - score.Excess) / Math.Max(score.Seconds - from.Seconds, 1e-6);
                if (-gain < best) (best, to) = (-gain, level);
            }
            Set(plan, choice, was);
            queue.Enqueue((choice, to, version), best);
        }
    }

    /// <summary>
    /// Keeps again what need not be dropped: the dearest first, or the dearest for its bytes first, whichever ends
    /// better.
    /// </summary>
    private Retention Pruned(Retention plan)
    {
        if (IsLate) return plan;
        var now = ScoreOf(plan).Seconds;
        var dropped = new List<(Choice Choice, double Saving)>();
        foreach (var choice in choices)
            if (Get(plan, choice) is var was and not Keep.Throughout)
            {
                Set(plan, choice, Keep.Throughout);
                dropped.Add((choice, now - ScoreOf(plan).Seconds));
                Set(plan, choice, was);
            }
        var (first, second) = (plan.Clone(), plan);
        var a = Prune(first, now, dropped.OrderByDescending(d => d.Saving).Select(d => d.Choice));
        var b = Prune(second, now, dropped.OrderByDescending(d => d.Saving / Bytes(d.Choice)).Select(d => d.Choice));
        return a < b ? first : second;
    }

    private long Bytes(Choice choice)
        => 1
        + (choice.IsGraph
        ? graph.Nodes[choice.Id].Extra + graph.Nodes[choice.Id].SavedInputs.Sum(v => graph.ValueBytes[v])
        : graph.ValueBytes[choice.Id]);

    private double Prune(Retention plan, double seconds, IEnumerable<Choice> order)
    {
        foreach (var choice in order)
        {
            if (IsLate) break; // what is left dropped is dear, not wrong
            var was = Get(plan, choice);
            for (var level = Keep.Throughout; level < was; level++)
            {
                Set(plan, choice, level);
                var score = ScoreOf(plan);
                if (score.Excess == 0 && score.Seconds <= seconds)
                {
                    seconds = score.Seconds;
                    break;
                }
                Set(plan, choice, was);
            }
        }
        return seconds;
    }

    private static Keep Get(Retention plan, Choice choice)
        => choice.IsGraph ? plan.Graphs[choice.Id] : plan.Values[choice.Id];

    private static void Set(Retention plan, Choice choice, Keep keep)
    {
        if (choice.IsGraph) plan.Graphs[choice.Id] = keep;
        else plan.Values[choice.Id] = keep;
    }
}
