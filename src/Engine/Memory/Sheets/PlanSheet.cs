using System.Text.Json;
using Interactive.Runtime;

namespace Interactive.Memory;

/// <summary>
/// A plan as a run keeps it in <c>plan.json</c>, for who looks at the run: what it promises, and the bytes that are alive after
/// each of its steps, as the simulator predicts them.
/// </summary>
/// <param name="Planner">Who has made it.</param>
/// <param name="Batch">Samples that run at once.</param>
/// <param name="BudgetBytes">What it was to fit.</param>
/// <param name="PeakBytes">The most that it takes.</param>
/// <param name="KeepAllBytes">The most of the plan that drops nothing.</param>
/// <param name="Overhead">More time, as a share of the time without it.</param>
/// <param name="Recomputes">Nodes that run again.</param>
/// <param name="Steps">What each step does.</param>
/// <param name="Peaks">The most bytes alive during each.</param>
/// <param name="KeepAll">The same of the plan that drops nothing.</param>
internal sealed record PlanSheet(string Planner, long Batch, long BudgetBytes, long PeakBytes, long KeepAllBytes, double Overhead, int Recomputes,
    IReadOnlyList<string> Steps, IReadOnlyList<long> Peaks, IReadOnlyList<long> KeepAll)
{
    /// <summary>Its name in the run directory.</summary>
    public const string File = "plan.json";

    public static PlanSheet Of(PlanningGraph graph, PlanReport report)
    {
        var (plan, names) = (report.Plan, Names(graph, report.Plan.Schedule));
        var points = Points(graph, plan.Schedule);
        return new(plan.Schedule.Planner, graph.Profile.Batch, report.BudgetBytes, plan.Prediction.PeakBytes, report.KeepAll.Prediction.PeakBytes,
            Math.Max(0, plan.Overhead), plan.Prediction.Recomputes,
            [.. points.Select(p => p.Step >= 0 && p.Step < names.Count ? names[p.Step] : "loss")], [.. points.Select(p => p.PeakBytes)],
            [.. Points(graph, report.KeepAll.Schedule).Select(p => p.PeakBytes)]);
    }

    /// <summary>Writes it into a run's folder.</summary>
    public void WriteTo(string folder) => AtomicFile.WriteText(Path.Combine(folder, File), JsonSerializer.Serialize(this, JsonSerializerOptions.Web));

    /// <summary>What each step of a schedule does, for people.</summary>
    public static IReadOnlyList<string> Names(PlanningGraph graph, Schedule schedule)
    {
        var seen = new HashSet<int>();
        return [.. schedule.Steps.Select(step => step.Kind switch
        {
            StepKind.Free => $"free {(step.Id == 0 ? "input" : graph.Graph.Nodes[step.Id - 1].Name)}",
            StepKind.Forward or StepKind.ForwardOnly
                => $"{(seen.Add(step.Id) ? "forward" : "again")} {graph.Graph.Nodes[step.Id].Name}",
            StepKind.ParameterGradients => $"parameter gradients of {graph.Graph.Nodes[step.Id].Name}",
            _ => $"{step.Kind.ToString().ToLowerInvariant()} {graph.Graph.Nodes[step.Id].Name}",
        })];
    }

    private static List<TimelinePoint> Points(PlanningGraph graph, Schedule schedule)
    {
        var points = new List<TimelinePoint>();
        new ScheduleSimulator(graph).Run(schedule, points);
        return points;
    }
}
