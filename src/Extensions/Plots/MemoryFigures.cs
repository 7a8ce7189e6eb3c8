using System.Globalization;
using Interactive.Memory;
using Interactive.Memory.Liveness;
using XPlot.Plotly;
using Buffer = Interactive.Memory.Liveness.Buffer;

namespace Interactive.Extensions.Plots;

/// <summary>Where the bytes of a training step go.</summary>
public static class MemoryFigures
{
    private const double MiB = 1 << 20;
    private const string Grey = "#9ca3af";

    /// <summary>
    /// Live bytes over the steps of a plan, as the simulator predicts them, stacked by what holds them; hovering a step
    /// names its node and tells whether it runs again. The line is the most that is alive during the step.
    /// </summary>
    /// <param name="graph">The graph with its profile.</param>
    /// <param name="plan">A plan for it.</param>
    /// <param name="keepAll">The plan that drops nothing, whose bytes stand behind in grey: what is above the plan is
    /// saved; default none.</param>
    /// <param name="budgetBytes">Drawn as a dashed line; default none.</param>
    public static Figure Timeline(PlanningGraph graph, Plan plan, Plan? keepAll = null, long? budgetBytes = null)
    {
        var points = new List<TimelinePoint>();
        new ScheduleSimulator(graph).Run(plan.Schedule, points);
        var steps = Enumerable.Range(0, points.Count).ToArray();
        var names = PlanSheet.Names(graph, plan.Schedule);
        // The loss is no step of the schedule.
        var texts = points.Select(p => p.Step >= 0 && p.Step < names.Count ? names[p.Step] : "loss").ToArray();
        var most = Math.Max(plan.Prediction.PeakBytes,
            Math.Max(keepAll?.Prediction.PeakBytes ?? 0, budgetBytes ?? 0)) / MiB;
        var turn =
            plan.Schedule.Steps.TakeWhile(s
            => s.Kind is not (StepKind.Backward or StepKind.ParameterGradients or StepKind.InputGradient)).Count();
        List<Trace> marks = [Mark("backward begins", [turn, turn], [0, most], Grey, "dot")];
        if (budgetBytes is { } budget)
            marks.Add(Mark("budget", [0, points.Count - 1], [budget / MiB, budget / MiB], "#ef4444", "dash"));
        if (keepAll is not null)
        {
            var plain = new List<TimelinePoint>();
            new ScheduleSimulator(graph).Run(keepAll.Schedule, plain);
            marks.Add(Mark("keep-all, peak in the step", [.. Enumerable.Range(0, plain.Count)],
                [.. plain.Select(p => p.PeakBytes / MiB)], Grey, "solid"));
        }
        return new([
            Area("values", points.Select(p => p.Values), "#3b82f6"),
                Area("saved by autograd", points.Select(p => p.Saved), "#f59e0b"),
            Area("gradients", points.Select(p => p.Gradients), "#10b981"),
            new Scatter { name = "peak in the step", x = steps, y = points.Select(p => p.PeakBytes / MiB)
                .ToArray(), text = texts, mode = "lines", line =
                new Line { color = "#ef4444", width = 1, shape = "hv" } },
            .. marks,
        ], new Layout.Layout
        {
            title = $"{graph.Graph.Name}, {plan.Schedule.Planner}: {plan.Prediction.PeakBytes / MiB:F1} MiB at most, {plan.Prediction.Recomputes} nodes run again",
            xaxis = new Xaxis { title = "step of the schedule", range = Range(points.Count) }, yaxis =
                new Yaxis { title = "MiB" }, hovermode = "x unified", showlegend = true,
        });

        static Scatter Mark(string name, double[] x, double[] y, string colour, string dash) => new()
        {
            name = name,
            x = x,
            y = y,
            mode = "lines",
            hoverinfo = "skip",
            line = new Line { color = colour, width = 1.5, dash = dash },
        };

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

    /// <summary>
    /// Every tensor of a step as a bar from its birth to its death, as high as its bytes, packed as in one block of
    /// memory; hovering names it. What holds one place for long is what a budget has to drop.
    /// </summary>
    /// <param name="graph">The graph with its profile.</param>
    /// <param name="plan">A plan for it.</param>
    public static Figure Tensors(PlanningGraph graph, Plan plan)
    {
        var lives = new ScheduleSimulator(graph).Lives(plan.Schedule);
        var packed = OffsetPlan.Assign([.. lives.Select(l => new Buffer(l.Bytes, l.Birth, l.Death))]);
        var steps = PlanSheet.Names(graph, plan.Schedule);
        var all = lives.Zip(packed.Offsets, (life, offset) => (Life: life, Offset: offset)).ToList();
        return new([
            Bars("kept", "#3b82f6", all.Where(b => !b.Life.IsGradient && !b.Life.IsRemade)),
            Bars("made again", "#f59e0b", all.Where(b => b.Life.IsRemade)),
            Bars("gradients", "#10b981", all.Where(b => b.Life.IsGradient)),
        ], new Layout.Layout
        {
            title = $"{graph.Graph.Name}, {plan.Schedule.Planner}: {lives.Count} tensors packed in {packed.Bytes / MiB:F1} MiB",
            xaxis = new Xaxis { title = "step of the schedule", range = Range(plan.Schedule.Steps.Count + 1) }, yaxis =
                new Yaxis { title = "place, MiB" }, hovermode = "closest", showlegend = true, barmode = "overlay",
        });

        Bar Bars(string name, string colour, IEnumerable<(BlockLife Life, long Offset)> blocks) => new SpanBar
        {
            name = name,
            x = blocks.Select(b => (b.Life.Birth + b.Life.Death + 1) / 2.0).ToArray(),
            width = blocks.Select(b => (double)(b.Life.Death + 1 - b.Life.Birth)).ToArray(),
            @base = blocks.Select(b => b.Offset / MiB).ToArray(),
            y = blocks.Select(b => b.Life.Bytes / MiB).ToArray(),
            text = blocks.Select(b => Tell(b.Life)).ToArray(),
            hoverinfo = "text",
            textposition = "none",
            marker = new Marker { color = colour, opacity = 0.8 },
        };

        string Tell(BlockLife life) => string.Create(CultureInfo.InvariantCulture,
            $"{(life.IsGradient ? "gradient of " : "")}{graph.Graph.Nodes[life.Value - 1].Name}{(life.IsRemade ? ", made again" : "")}: {life.Bytes / MiB:F2} MiB<br>from step {life.Birth} ({steps[life.Birth]})<br>to step {life.Death} ({steps[life.Death]})");
    }

    // The same for both figures of a plan: what is above and below each other is the same step.
    private static double[] Range(int steps) => [0, steps];
}
