using System.Globalization;
using Interactive.Layouts;
using XPlot.Plotly;

namespace Interactive.Extensions.Plots;

/// <summary>What every rank of a pipeline does and when, as planned.</summary>
public static class PipelineFigures
{
    private static readonly (string Name, string Colour,
        PassKind[] Passes)[] kinds = [("forward", "#93c5fd", [PassKind.F]),
        ("backward", "#3b82f6", [PassKind.B, PassKind.BW]), ("gradients of parameters", "#8b5cf6", [PassKind.W])];

    /// <summary>One step, a row for each rank; what is empty is idle.</summary>
    public static Figure Step(LayoutPlan plan)
    {
        var traces = kinds.Select(kind => Bars(kind.Name, kind.Colour,
            [.. plan.Run.Spans.Reverse().SelectMany(s => s).Where(s => kind.Passes.Contains(s.Action.Pass))]));
        return new Figure([.. traces], new XPlot.Plotly.Layout.Layout
        {
            title = string.Create(CultureInfo.InvariantCulture,
                $"{plan.Layout}: {plan.StepSeconds * 1e3:F1} ms, {plan.IdleShare * 100:F1} % idle"),
            xaxis = new Xaxis { title = "ms" },
            yaxis = new Yaxis { title = "" },
            barmode = "overlay",
            showlegend = true,
        });
    }

    private static Bar Bars(string name, string colour, IReadOnlyList<Interactive.Layouts.Span> spans) => new SpanBar
    {
        name = name,
        orientation = "h",
        y = spans.Select(s => $"rank {s.Rank}").ToArray(),
        x = spans.Select(s => (s.End - s.Start) * 1e3).ToArray(),
        @base = spans.Select(s => s.Start * 1e3).ToArray(),
        text = spans.Select(s => $"{s.Action.Pass} of micro-batch {s.Action.Micro}, stage {s.Stage}").ToArray(),
        textposition = "none",
        marker = new Marker { color = colour },
    };
}
