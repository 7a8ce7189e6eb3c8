using Interactive.Extensions.Plots;
using Interactive.Memory;
using XPlot.Plotly;

namespace Interactive.Extensions.Display;

/// <summary>
/// A schedule over time: which node runs forward, again and backward at which step, and which value is freed.
/// </summary>
internal static class ScheduleFigure
{
    public static Figure Of(Schedule schedule)
    {
        var seen = new HashSet<int>();
        Dictionary<string,
            List<(int Step,
            int Id)>> marks = new() { ["forward"] = [], ["again"] = [], ["backward"] = [], ["freed"] = [] };
        for (var i = 0; i < schedule.Steps.Count; i++)
        {
            var step = schedule.Steps[i];
            if (ScheduleFormat.IsForward(step)) marks[seen.Add(step.Id) ? "forward" : "again"].Add((i, step.Id));
            else if (step.Kind == StepKind.Backward) marks["backward"].Add((i, step.Id));
            // Value i + 1 is node i's output: it belongs on that node's line.
            else if (step.Kind == StepKind.Free) marks["freed"].Add((i, step.Id - 1));
        }
        return new([Marks("forward", "#3b82f6"), Marks("run again", "#ef4444", "again"), Marks("backward", "#10b981"),
            Marks("freed", "#d1d5db")],
            new Layout.Layout
            {
                title = $"Schedule: {schedule.Planner}", xaxis = new Xaxis { title = "step" }, yaxis =
                new Yaxis { title = "node" }, showlegend = true
            });

        Scatter Marks(string name, string colour, string? key = null) => new()
        {
            name = name,
            x = marks[key ?? name].Select(m => m.Step).ToArray(),
            y = marks[key ?? name].Select(m => m.Id).ToArray(),
            mode = "markers",
            marker = new Marker { color = colour, size = 4 },
        };
    }
}
