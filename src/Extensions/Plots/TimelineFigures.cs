using System.Text.Json;
using XPlot.Plotly;

namespace Interactive.Extensions.Plots;

/// <summary>What every rank computed and sent, and when: from the traces that <c>--trace</c> writes.</summary>
public static class TimelineFigures
{
    private static readonly (string Name,
        string Colour)[] kinds = [("forward", "#93c5fd"), ("backward", "#3b82f6"), ("optimiser", "#8b5cf6"),
        ("communication", "#f59e0b")];

    private sealed record Span(string Lane, string Name, string Kind, double Start, double Length, long Bytes);

    /// <summary>Whether a run has been traced.</summary>
    public static bool Exist(string runDirectory) => Files(runDirectory).Length > 0;

    /// <summary>Some steps of a run, a lane for each thread of each rank.</summary>
    /// <param name="runDirectory">The run's folder, with <c>trace-rankN.json</c>.</param>
    /// <param name="firstStep">First step drawn, from 0; default 2, after those that warm up. The run's last where it
    /// has fewer.</param>
    /// <param name="steps">How many are drawn; default 3.</param>
    /// <exception cref="UsageException">The run has not been traced, or the steps are out of range.</exception>
    public static Figure Communication(string runDirectory, int firstStep = 2, int steps = 3)
    {
        if (firstStep < 0 || steps < 1) throw new UsageException($"steps {firstStep} to {firstStep + steps - 1}: a first step of at least 0 and at least 1 step are needed");
        var files = Files(runDirectory);
        if (files.Length == 0)
            throw new UsageException($"{runDirectory} holds no trace-rankN.json: train with --trace");
        var spans = files.SelectMany(Read).ToList();
        var (from, to) = Window([.. spans.Where(s => s.Name == "forward" && s.Lane == spans[0].Lane)], firstStep,
            steps);
        var lanes = spans.Select(s => s.Lane).Distinct().Order(StringComparer.Ordinal).Reverse().ToList();
        var drawn =
            spans.Where(s => s.Start < to && s.Start + s.Length > from).OrderBy(s => lanes.IndexOf(s.Lane))
            .ThenBy(s => s.Start).ToList();
        return new Figure([.. kinds.Select(kind
            => Bars(kind.Name, kind.Colour, [.. drawn.Where(s => s.Kind == kind.Name)], from))], new Layout.Layout
            {
                title = "Communication timeline",
                xaxis = new Xaxis { title = "ms" },
                yaxis = new Yaxis { title = "" },
                barmode = "overlay",
                showlegend = true,
            });
    }

    private static Bar Bars(string name, string colour, List<Span> spans, double from) => new SpanBar
    {
        name = name,
        orientation = "h",
        y = spans.Select(s => s.Lane).ToArray(),
        x = spans.Select(s => s.Length / 1e3).ToArray(),
        @base = spans.Select(s => (s.Start - from) / 1e3).ToArray(),
        text = spans.Select(s => s.Bytes < 0 ? s.Name : $"{s.Name}, {s.Bytes:N0} bytes").ToArray(),
        textposition = "none",
        marker = new Marker { color = colour },
    };

    private static (double From, double To) Window(List<Span> forwards, int first, int count)
    {
        if (forwards.Count == 0) return (0, double.PositiveInfinity);
        first = Math.Min(first, forwards.Count - 1);
        return (forwards[first].Start,
            first + count < forwards.Count ? forwards[first + count].Start : double.PositiveInfinity);
    }

    private static string[] Files(string runDirectory) =>
        Directory.Exists(runDirectory)
            ? [.. Directory.GetFiles(runDirectory, "trace-rank*.json").OrderBy(f => f.Length).ThenBy(f => f,
            StringComparer.Ordinal)] : [];

    // Line by line: a run that was cut short leaves its last line unfinished. What is no event does not count.
    private static IEnumerable<Span> Read(string file)
    {
        var threads = new Dictionary<int, string>();
        foreach (var line in File.ReadLines(file))
        {
            Span? span = null;
            try
            {
                using var document = JsonDocument.Parse(line.TrimStart('[').TrimEnd(',', ']'));
                span = Event(document.RootElement, threads);
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
                or FormatException)
            { }
            if (span is not null) yield return span;
        }
    }

    private static Span? Event(JsonElement e, Dictionary<int, string> threads)
    {
        var rank = e.GetProperty("pid").GetInt32();
        if (e.GetProperty("ph").GetString() != "X")
        {
            if (e.GetProperty("name").GetString() == "thread_name")
                threads[e.GetProperty("tid").GetInt32()] = e.GetProperty("args").GetProperty("name").GetString() ?? "";
            return null;
        }
        var (name, category) = (e.GetProperty("name").GetString() ?? "", e.GetProperty("cat").GetString() ?? "");
        return new Span($"rank {rank} {threads.GetValueOrDefault(e.GetProperty("tid").GetInt32(), "")}", name,
            category == "compute" ? name : category,
            e.GetProperty("ts").GetDouble(), e.GetProperty("dur").GetDouble(),
                e.TryGetProperty("args", out var a) ? a.GetProperty("bytes").GetInt64() : -1);
    }
}
