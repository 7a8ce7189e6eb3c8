using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Display;
using XPlot.Plotly;

namespace Interactive.Extensions.Plots;

/// <summary>How training and its sums scale with the ranks.</summary>
public static class ScalingFigures
{
    private const string Grey = "#9ca3af";
    private static readonly string[] colours = ["#3b82f6", "#f59e0b", "#10b981", "#8b5cf6", "#ef4444", "#06b6d4"];

    /// <summary>
    /// What <c>interactive bench allreduce --json</c> prints: bus bandwidth by size, beside MPI's own sum.
    /// </summary>
    public static MimeBundle AllReduce(JsonElement measured)
    {
        var ranks = measured.GetProperty("ranks").GetInt32();
        var rows = measured.GetProperty("results").EnumerateArray().Select(r => (
            Bytes: r.GetProperty("bytes").GetInt64(), Algorithm: r.GetProperty("algorithm").GetString()!,
                Seconds: r.GetProperty("seconds").GetDouble(),
            Peer: r.GetProperty("peers").EnumerateArray().Select(p => p.GetProperty("seconds").GetDouble())
                .DefaultIfEmpty(double.NaN).Min())).ToList();
        // Each byte crosses the bus 2 (p - 1) / p times in the best case.
        double Bandwidth(long bytes, double seconds) => 2.0 * (ranks - 1) / ranks * bytes / seconds / 1e9;
        var x = rows.Select(r => Size(r.Bytes)).ToArray();
        var figure = new Figure(
        [
            new Bar { name = "this engine", x = x, y = rows.Select(r => Bandwidth(r.Bytes, r.Seconds))
                .ToArray(), marker = new Marker { color = "#3b82f6" } },
            new Bar { name = "best MPI_Allreduce", x = x, y = rows.Select(r => Bandwidth(r.Bytes, r.Peer))
                .ToArray(), marker = new Marker { color = "#f59e0b" } },
        ],
            new Layout.Layout
            {
                title = $"Sum over {ranks} ranks", xaxis = new Xaxis { title = "bytes" }, yaxis =
            new Yaxis { title = "bus bandwidth, GB/s" }, barmode = "group", showlegend = true
            });
        var table = new Table(["bytes", "algorithm", "ms", "GB/s", "MPI, GB/s"],
            [.. rows.Select(r => (IReadOnlyList<string>)
            [Size(r.Bytes), r.Algorithm, Text(1e3 * r.Seconds, 3), Text(Bandwidth(r.Bytes, r.Seconds), 2),
                Text(Bandwidth(r.Bytes, r.Peer), 2)])]);
        return With(figure, $"{ranks} ranks on {measured.GetProperty("hosts").GetInt32()} host(s)", table);
    }

    /// <summary>
    /// What <c>interactive bench scaling --simulate … --json</c> prints: predicted weak scaling, a curve a model.
    /// </summary>
    public static MimeBundle Simulated(JsonElement simulated)
    {
        var rows = simulated.GetProperty("results").EnumerateArray().Select(r => (
            Model: r.GetProperty("model").GetString()!, Ranks: r.GetProperty("ranks").GetInt32(),
                Net: r.GetProperty("net").GetString()!,
            Compute: r.GetProperty("computeSeconds").GetDouble(), Step: r.GetProperty("stepSeconds").GetDouble(),
                Efficiency: r.GetProperty("efficiency").GetDouble())).ToList();
        var series =
            rows.GroupBy(r => (r.Model, r.Net))
            .Select(g => new ScalingSeries($"{g.Key.Model}, {Speed(g.Key.Net)}", g.First().Compute,
            [(1, g.First().Compute), .. g.Where(r => r.Ranks > 1).OrderBy(r => r.Ranks).Select(r => (r.Ranks, r.Step))],
                IsSimulated: true)).ToList();
        var figure = Efficiency(series);
        figure.Layout.title = "Weak scaling, simulated";
        var table = new Table(["model", "ranks", "net", "ms / step", "computing, ms", "efficiency, %"],
            [.. rows.Select(r => (IReadOnlyList<string>)
            [r.Model, r.Ranks.ToString(CultureInfo.InvariantCulture), r.Net, Text(1e3 * r.Step, 1),
                Text(1e3 * r.Compute, 1), Text(100 * r.Efficiency, 1)])]);
        return With(figure,
            "Predicted, not measured: the messages of this engine's all-reduce replayed over a model of the net",
            table);
    }

    private static MimeBundle With(Figure figure, string summary, Table table)
    {
        var bundle = FigureFormat.Format(figure);
        return new(new Dictionary<string,
            object>(bundle.Data)
        {
            [Mime.Html] =
            $"<p>{Table.Encode(summary)}</p>{bundle.Data[Mime.Html]}{table.ToHtml()}", [Mime.Text] = summary + "\n"
            + table.ToText()
        });
    }

    /// <summary>Samples a second against ranks, with the line of perfect scaling from the first point.</summary>
    /// <param name="measured">Ranks and samples a second, fewest ranks first.</param>
    public static Figure Throughput(IReadOnlyList<(int Ranks, double SamplesPerSecond)> measured)
        => Figure.Lines("Throughput", "ranks", "samples / s",
        Figure.Line("measured", measured.Select(m => (double)m.Ranks), measured.Select(m => m.SamplesPerSecond),
            "#3b82f6", markers: true),
        Figure.Line("ideal", measured.Select(m => (double)m.Ranks),
            measured.Select(m => m.Ranks * measured[0].SamplesPerSecond / measured[0].Ranks), "#9ca3af", 1));

    /// <summary>
    /// Weak scaling: the step time of one rank over that of many, in percent, with the ideal line. Simulated curves are
    /// thin.
    /// </summary>
    public static Figure Efficiency(params IReadOnlyList<ScalingSeries> series)
    {
        var figure = Figure.Lines("Weak scaling", "ranks", "efficiency, %",
            [Figure.Line("ideal", Extent(series), [100, 100], Grey, 1),
                .. series.Select((s, i) => Line(s, i, seconds => 100 * s.OneRankSeconds / seconds))]).OverRanks(series);
        figure.Layout.yaxis.rangemode = "tozero"; // a thousandth must not look like a cliff
        return figure;
    }

    /// <summary>Milliseconds an iteration; each series has its ideal, a line at the time of one rank.</summary>
    public static Figure StepTime(params IReadOnlyList<ScalingSeries> series)
        => Figure.Lines("Step time", "ranks", "ms / iteration",
        [.. series.SelectMany((s, i) => new[] { Line(s, i, seconds => 1e3 * seconds), Ideal(s, isNamed: i == 0) })])
            .OverRanks(series);

    // One entry of the legend for all of them.
    private static Scatter Ideal(ScalingSeries series, bool isNamed)
    {
        var line = Figure.Line("ideal", Extent([series]), [1e3 * series.OneRankSeconds, 1e3 * series.OneRankSeconds],
            Grey, 1);
        line.showlegend = isNamed;
        return line;
    }

    private static Scatter Line(ScalingSeries series, int index, Func<double, double> height)
        => Figure.Line(series.Name,
        series.Points.Select(p => (double)p.Ranks), series.Points.Select(p => height(p.StepSeconds)),
            colours[index % colours.Length], series.IsSimulated ? 1 : 3, markers: true);

    private static Figure OverRanks(this Figure figure, IReadOnlyList<ScalingSeries> series)
    {
        figure.Layout.xaxis.type = "log"; // 1 to 512 ranks
        var ranks = series.SelectMany(s => s.Points).Select(p => p.Ranks).Distinct().Order().ToArray();
        if (ranks.Length is 0 or > 12) return figure;
        figure.Layout.xaxis.tickmode = "array"; // where something was run
        figure.Layout.xaxis.tickvals = ranks;
        figure.Layout.xaxis.ticktext = ranks.Select(r => r.ToString(CultureInfo.InvariantCulture)).ToArray();
        return figure;
    }

    private static double[] Extent(IReadOnlyList<ScalingSeries> series)
        => [1, series.SelectMany(s => s.Points).Select(p => (double)p.Ranks).DefaultIfEmpty(1).Max()];

    /// <summary>A speed as <c>--net</c> takes it, for people: 25g is 25 Gbit/s.</summary>
    internal static string Speed(string net)
        => net.TrimEnd('g', 'G') is { Length: > 0 } number
        && double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? $"{number} Gbit/s" : net;

    private static string Size(long bytes)
        => bytes switch
        {
            >= 1 << 20 when bytes % (1 << 20) == 0 => $"{bytes >> 20} MiB",
            >= 1 << 10 when bytes % (1 << 10) == 0 => $"{bytes >> 10} KiB",
            _ => $"{bytes} B"
        };

    private static string Text(double number, int digits)
        => number.ToString($"F{digits}", CultureInfo.InvariantCulture);
}
