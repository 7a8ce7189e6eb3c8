using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Display;
using XPlot.Plotly;

namespace Interactive.Extensions.Plots;

/// <summary>
/// What <c>interactive plan --json</c> and <c>interactive bench memory --json</c> print, as figures and tables.
/// </summary>
public static class PlanFigures
{
    private const double MiB = 1 << 20;

    /// <summary>Extra time against memory: the whole curve, every planner, and the plan that was chosen.</summary>
    public static Figure Pareto(JsonElement plan)
    {
        var curve =
            plan.GetProperty("pareto").EnumerateArray().Select(p
            => (Bytes: Number(p, "budgetBytes"), Overhead: Number(p, "overhead"))).OrderBy(p => p.Bytes).ToList();
        var planners = Planners(plan).ToList();
        var traces = new List<Trace>
        {
            new Scatter { name = "best for each budget", x = curve.Select(p => p.Bytes / MiB)
                .ToArray(), y = curve.Select(p => 100 * p.Overhead)
                .ToArray(), mode = "lines", line = new Line { color = "#3b82f6", width = 2, shape = "hv" } },
            new Scatter { name = "planners", x = planners.Select(p => p.Bytes / MiB)
                .ToArray(), y = planners.Select(p => 100 * p.Overhead).ToArray(), text = Labels(curve,
                planners), mode = "markers+text", textposition = "top center", marker =
                new Marker { color = "#f59e0b", size = 8 } },
        };
        if (plan.GetProperty("feasible").GetBoolean())
            traces.Add(new Scatter
            {
                name = "chosen", x = new[] { Number(plan, "predictedPeakBytes") / MiB }, y =
                new[] { 100 * Number(plan, "predictedOverhead") }, mode = "markers", marker =
                new Marker { color = "#ef4444", size = 12 }
            });
        if (double.IsFinite(Number(plan, "budgetBytes")) && curve.Count > 0)
        {
            var budget = Number(plan, "budgetBytes") / MiB;
            var top = 100 * curve.Max(p => p.Overhead);
            traces.Add(new Scatter
            {
                name = "budget", x = new[] { budget, budget }, y = new[] { 0, top }, mode =
                "lines", line = new Line { color = "#ef4444", width = 1, dash = "dash" }
            });
        }
        return new(traces, new Layout.Layout
        {
            title = $"{plan.GetProperty("model").GetString()}: extra time against memory", xaxis =
                new Xaxis { title = "peak of activations, MiB" }, yaxis =
                new Yaxis { title = "extra time, %" }, showlegend = true,
        });
    }

    /// <summary>A plan: one line that says what it promises, the curve, and all planners side by side.</summary>
    public static MimeBundle Plan(JsonElement plan)
    {
        var feasible = plan.GetProperty("feasible").GetBoolean();
        var model = plan.GetProperty("model").GetString();
        var (peak, plain) = (Number(plan, "predictedPeakBytes"), Number(plan, "plainPeakBytes"));
        var promise = feasible
            ? (FormattableString)$"{model}, {plan.GetProperty("planner").GetString()}: {peak / MiB:N0} MiB of activations ({peak / plain:P0} of plain), {Number(plan, "predictedOverhead"):P1} extra time"
            : $"{model}: no plan fits {Number(plan, "budgetBytes") / MiB:N0} MiB; the least is {Number(plan, "leastBudgetBytes") / MiB:N0} MiB";
        var summary = promise.ToString(CultureInfo.InvariantCulture);
        var table = new Table(["planner", "peak, MiB", "extra time, %"],
            [.. Planners(plan)
            .Select(p => (IReadOnlyList<string>)[p.Name, Text(p.Bytes / MiB, 1), Text(100 * p.Overhead, 1)])]);
        return With(FigureFormat.Format(Pareto(plan)), summary, table);
    }

    /// <summary>Measured peaks and times of one net under several ways to run it.</summary>
    public static MimeBundle Memory(JsonElement measured)
    {
        var model = measured.TryGetProperty("model", out var name) && name.ValueKind == JsonValueKind.String
            ? name.GetString() + ": " : "";
        var rows =
            new[] { ("plain", "plain autograd"), ("scoped", "one scope a step"), ("keepAll", "keep-all"), ("planned",
            "planned") }
            .Where(r => measured.TryGetProperty(r.Item1, out var v) && v.ValueKind == JsonValueKind.Object)
            .Select(r => (Name: r.Item2, Bytes: Number(measured.GetProperty(r.Item1), "peakBytes"),
            Seconds: Number(measured.GetProperty(r.Item1), "seconds"))).ToList();
        var figure =
            new Figure([new Bar { name = "peak", x = rows.Select(r => r.Name)
            .ToArray(), y = rows.Select(r => r.Bytes / MiB).ToArray(), marker = new Marker { color = "#3b82f6" } }],
            new Layout.Layout
            {
                title = $"{model}peak of activations", xaxis = new Xaxis { title = "" }, yaxis =
                new Yaxis { title = "MiB" }, showlegend = false
            });
        var identical = measured.TryGetProperty("bitIdentical", out var same)
            && same.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? same.GetBoolean() ? "loss and gradients are bit-identical to plain"
            : "loss or gradients differ from plain" : "";
        var table = new Table(["run", "peak, MiB", "of plain, %", "s / step"],
            [.. rows
            .Select(r => (IReadOnlyList<string>)[r.Name, Text(r.Bytes / MiB, 1), Text(100 * r.Bytes / rows[0].Bytes, 1),
            Text(r.Seconds, 3)])]);
        return With(FigureFormat.Format(figure), $"{model}{identical}", table);
    }

    private static MimeBundle With(MimeBundle figure, string summary, Table table)
        => new(new Dictionary<string, object>(figure.Data)
        {
            [Mime.Html] = $"<p>{Table.Encode(summary)}</p>{figure.Data[Mime.Html]}{table.ToHtml()}",
            [Mime.Text] = summary + "\n" + table.ToText(),
        });

    /// <summary>
    /// A name a point; planners whose names would lie over each other share one, which stands at the first of them.
    /// </summary>
    private static string[] Labels(List<(double Bytes, double Overhead)> curve,
        List<(string Name, double Bytes, double Overhead)> planners)
    {
        // Of the axes: a name is about a fifth of a narrow figure wide, and a line of text a fifteenth of its height.
        const double Wide = 0.25, High = 0.08;
        double Extent(Func<(double Bytes, double Overhead), double> of)
            => curve.Count == 0 ? 0
            : Math.Max(1e-9,
            curve.Concat(planners.Select(p => (p.Bytes, p.Overhead))).Max(of)
            - curve.Concat(planners.Select(p => (p.Bytes, p.Overhead))).Min(of));
        var (width, height) = (Extent(p => p.Bytes), Extent(p => p.Overhead));
        var labels = new string[planners.Count];
        for (var i = 0; i < labels.Length; i++)
        {
            if (labels[i] is not null) continue;
            var together = Enumerable.Range(i, labels.Length - i).Where(j => labels[j] is null
                && Math.Abs(planners[j].Bytes - planners[i].Bytes) < Wide * width
                && Math.Abs(planners[j].Overhead - planners[i].Overhead) < High * height).ToList();
            foreach (var j in together) labels[j] = "";
            labels[i] = string.Join("<br>", together.Select(j => planners[j].Name));
        }
        return labels;
    }

    private static IEnumerable<(string Name, double Bytes, double Overhead)> Planners(JsonElement plan) =>
        plan.GetProperty("planners").EnumerateArray()
            .Select(p => (p.GetProperty("name").GetString()!, Number(p, "peakBytes"), Number(p, "overhead")))
            .Where(p => double.IsFinite(p.Item2) && double.IsFinite(p.Item3));

    private static double Number(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble()
        : double.NaN;

    private static string Text(double number, int digits)
        => number.ToString($"F{digits}", CultureInfo.InvariantCulture);
}
