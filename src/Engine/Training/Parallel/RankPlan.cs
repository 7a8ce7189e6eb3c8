using System.Runtime.InteropServices;
using System.Text;
using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;

namespace Interactive.Training;

/// <summary>The plan of a run: rank 0 measures and plans, and all ranks take its schedule.</summary>
internal sealed record RankPlan(Schedule Schedule, string Description)
{
    /// <summary>Plans for a budget. Collective.</summary>
    /// <exception cref="UsageException">The budget is no budget, or no plan fits; on every rank.</exception>
    public static RankPlan Make(Graph graph, string budget, long batch, ICommunicator world, IObjective objective)
    {
        var wanted = MemoryBudget.Parse(budget);
        byte[] steps = [];
        var text = "";
        if (world.Rank == 0)
            try
            {
                var report = PlanReport.Make(new PlanningGraph(Fusion.Fuse(graph), ProfileCache.Get(graph, batch, objective)), wanted, PlannerList.Find("auto"));
                steps = Encode(report.Plan.Schedule);
                text = FormattableString.Invariant($"memory budget {wanted}: the plan peaks at {report.Plan.Prediction.PeakBytes / 1048576.0:F1} MiB of activations, {100.0 * report.Plan.Prediction.PeakBytes / report.PlainPeakBytes:F0}% of plain autograd's, for {report.Plan.Overhead * 100:F1}% more time");
            }
            catch (UsageException e) { text = e.Message; }
        steps = world.AllGather(steps)[0];
        text = Encoding.UTF8.GetString(world.AllGather(Encoding.UTF8.GetBytes(text))[0]);
        return steps.Length > 0 ? new RankPlan(Decode(steps, batch), text) : throw new UsageException(text);
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
