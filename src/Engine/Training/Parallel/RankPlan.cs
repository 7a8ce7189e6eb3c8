using System.Runtime.InteropServices;
using System.Text;
using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>The plan of a run: rank 0 measures and plans, and all ranks take its schedule.</summary>
internal sealed record RankPlan(Schedule Schedule, string Description)
{
    /// <summary>The budget in bytes, on the rank that plans: a share stays the share of what it was first measured by.</summary>
    public MemoryBudget Budget { get; init; }

    /// <summary>The plan step by step, on the rank that plans.</summary>
    public PlanSheet? Sheet { get; init; }

    /// <summary>Plans for a budget. Collective.</summary>
    /// <exception cref="UsageException">No plan fits; on every rank.</exception>
    /// <param name="graph">The model.</param>
    /// <param name="wanted">Bytes for activations.</param>
    /// <param name="batch">Samples that run at once.</param>
    /// <param name="world">The ranks.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="measures">Whether a profile is measured; else shapes have to do.</param>
    public static RankPlan Make(Graph graph, MemoryBudget wanted, long batch, ICommunicator world, IObjective objective, bool measures = true)
    {
        byte[] steps = [];
        long[] peak = [0];
        var text = "";
        var budget = wanted;
        PlanSheet? sheet = null;
        if (world.Rank == 0)
            try
            {
                var facts = Facts(graph, batch, objective, measures);
                var report = PlanReport.Make(facts, wanted, PlannerList.Find("auto"));
                sheet = PlanSheet.Of(facts, report);
                budget = wanted with { Bytes = wanted.Of(report.PlainPeakBytes) };
                steps = Encode(report.Plan.Schedule);
                peak = [report.Plan.Prediction.PeakBytes];
                text = FormattableString.Invariant($"memory budget {wanted}: the plan peaks at {ByteText.Of(report.Plan.Prediction.PeakBytes)} of activations, {100.0 * report.Plan.Prediction.PeakBytes / report.PlainPeakBytes:F0}% of plain autograd's, for {report.Plan.TimeText}");
            }
            catch (UsageException e) { text = e.Message + string.Concat(graph.Notes.Select(note => $"; {note}")); }
        steps = world.AllGather(steps)[0];
        text = Encoding.UTF8.GetString(world.AllGather(Encoding.UTF8.GetBytes(text))[0]);
        var foreseen = MemoryMarshal.Read<long>(world.AllGather(MemoryMarshal.AsBytes<long>(peak))[0]);
        return steps.Length > 0 ? new RankPlan(Decode(steps, batch) with { PeakBytes = foreseen }, text) { Budget = budget, Sheet = sheet } : throw new UsageException(text);
    }

    private static PlanningGraph Facts(Graph graph, long batch, IObjective objective, bool measures)
    {
        var fused = Fusion.Fuse(graph);
        return new(fused, measures ? ProfileCache.Get(graph, batch, objective) : AnalyticProfile.Cautious(fused, batch, objective.Traits(fused)));
    }

    private static byte[] Encode(Schedule schedule)
        => MemoryMarshal.AsBytes<int>(schedule.Steps.SelectMany(s => new[] { (int)s.Kind, s.Id, s.Way }).ToArray()).ToArray();

    private static Schedule Decode(byte[] bytes, long batch)
    {
        var numbers = MemoryMarshal.Cast<byte, int>(bytes);
        var steps = new Step[numbers.Length / 3];
        for (var i = 0; i < steps.Length; i++) steps[i] = new Step((StepKind)numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]);
        return new Schedule("auto", steps) { Batch = batch };
    }
}
