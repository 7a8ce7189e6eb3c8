using Interactive.Memory;
using XPlot.Plotly;

namespace Interactive.Extensions.Plots;

/// <summary>Where the bytes of a training step go.</summary>
public static class MemoryFigures
{
    private const double MiB = 1 << 20;

    /// <summary>
    /// Live bytes over the steps of a plan, as the simulator predicts them, stacked by what holds them; hovering a step names
    /// its node and tells whether it runs again. The line is the most that is alive during the step.
    /// </summary>
    /// <param name="graph">The graph with its profile.</param>
    /// <param name="plan">A plan for it.</param>
    public static Figure Timeline(PlanningGraph graph, Plan plan)
    {
        var points = new List<TimelinePoint>();
        new ScheduleSimulator(graph).Run(plan.Schedule, points);
        var steps = Enumerable.Range(0, points.Count).ToArray();
        var names = Names(graph, plan.Schedule);
        // The loss is no step of the schedule.
        var texts = points.Select(p => p.Step >= 0 && p.Step < names.Count ? names[p.Step] : "loss").ToArray();
        return new([
            Area("values", points.Select(p => p.Values), "#3b82f6"), Area("saved by autograd", points.Select(p => p.Saved), "#f59e0b"),
            Area("gradients", points.Select(p => p.Gradients), "#10b981"),
            new Scatter { name = "peak in the step", x = steps, y = points.Select(p => p.PeakBytes / MiB).ToArray(), text = texts, mode = "lines", line = new Line { color = "#ef4444", width = 1, shape = "hv" } },
        ], new Layout.Layout
        {
            title = $"{graph.Graph.Name}, {plan.Schedule.Planner}: {plan.Prediction.PeakBytes / MiB:F1} MiB at most, {plan.Prediction.Recomputes} nodes run again",
            xaxis = new Xaxis { title = "step of the schedule" }, yaxis = new Yaxis { title = "MiB" }, hovermode = "x unified", showlegend = true,
        });

        Scatter Area(string name, IEnumerable<long> bytes, string colour) => new()
        {
            name = name,
            x = steps,
            y = bytes.Select(b => b / MiB).ToArray(),
            mode = "lines",
            stackgroup = "live",
            line = new Line { color = colour, width = 1 },
        };
    }

    // What each step does, for people.
    private static List<string> Names(PlanningGraph graph, Schedule schedule)
    {
        var seen = new HashSet<int>();
        return [.. schedule.Steps.Select(step => step.Kind switch
        {
            StepKind.Free => $"free {(step.Id == 0 ? "input" : graph.Graph.Nodes[step.Id - 1].Name)}",
            StepKind.Forward or StepKind.ForwardOnly => $"{(seen.Add(step.Id) ? "forward" : "again")} {graph.Graph.Nodes[step.Id].Name}",
            _ => $"{step.Kind.ToString().ToLowerInvariant()} {graph.Graph.Nodes[step.Id].Name}",
        })];
    }
}
