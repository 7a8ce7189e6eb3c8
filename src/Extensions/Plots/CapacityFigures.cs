using XPlot.Plotly;

namespace Interactive.Extensions.Plots;

/// <summary>Largest batches under one fixed memory.</summary>
public static class CapacityFigures
{
    private static readonly string[] colours = ["#9ca3af", "#3b82f6", "#f59e0b", "#10b981", "#8b5cf6", "#ec4899"];

    /// <summary>Bars by model, one colour a planner.</summary>
    /// <param name="models">Names of the models.</param>
    /// <param name="planners">For each planner the largest batch of each model.</param>
    /// <param name="memoryBytes">The memory.</param>
    /// <param name="how">How the batches were found; default from shapes alone.</param>
    public static Figure Batches(IReadOnlyList<string> models,
        IReadOnlyList<(string Planner, IReadOnlyList<long> Batches)> planners, long memoryBytes,
        string how = "from shapes alone") => new(
        [.. planners.Select((p, i) => (Trace)new Bar
        {
            name = p.Planner,
            x = models.ToArray(),
            y = p.Batches.Select(b => (double)b).ToArray(),
            marker = new Marker { color = colours[i % colours.Length] },
        })],
        new Layout.Layout
        {
            title = $"Largest batch within {memoryBytes / (double)(1L << 30):0.#} GiB, {how}",
            barmode = "group",
            xaxis = new Xaxis { title = "" },
            yaxis = new Yaxis { title = "samples" },
            showlegend = true,
        });
}
