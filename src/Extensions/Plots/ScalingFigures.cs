using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Display;
using XPlot.Plotly;

namespace Interactive.Extensions.Plots;

/// <summary>How training and its sums scale with the ranks.</summary>
public static class ScalingFigures
{
    /// <summary>What <c>interactive bench allreduce --json</c> prints: bus bandwidth by size, beside MPI's own sum.</summary>
    public static MimeBundle AllReduce(JsonElement measured)
    {
        var ranks = measured.GetProperty("ranks").GetInt32();
        var rows = measured.GetProperty("results").EnumerateArray().Select(r => (
            Bytes: r.GetProperty("bytes").GetInt64(), Algorithm: r.GetProperty("algorithm").GetString()!, Seconds: r.GetProperty("seconds").GetDouble(),
            Peer: r.GetProperty("peers").EnumerateArray().Select(p => p.GetProperty("seconds").GetDouble()).DefaultIfEmpty(double.NaN).Min())).ToList();
        // Each byte crosses the bus 2 (p - 1) / p times in the best case.
        double Bandwidth(long bytes, double seconds) => 2.0 * (ranks - 1) / ranks * bytes / seconds / 1e9;
        var x = rows.Select(r => Size(r.Bytes)).ToArray();
        var figure = new Figure(
        [
            new Bar { name = "this engine", x = x, y = rows.Select(r => Bandwidth(r.Bytes, r.Seconds)).ToArray(), marker = new Marker { color = "#3b82f6" } },
            new Bar { name = "best MPI_Allreduce", x = x, y = rows.Select(r => Bandwidth(r.Bytes, r.Peer)).ToArray(), marker = new Marker { color = "#f59e0b" } },
        ], new Layout.Layout { title = $"Sum over {ranks} ranks", xaxis = new Xaxis { title = "bytes" }, yaxis = new Yaxis { title = "bus bandwidth, GB/s" }, barmode = "group", showlegend = true });
        var table = new Table(["bytes", "algorithm", "ms", "GB/s", "MPI, GB/s"], [.. rows.Select(r => (IReadOnlyList<string>)
            [Size(r.Bytes), r.Algorithm, Text(1e3 * r.Seconds, 3), Text(Bandwidth(r.Bytes, r.Seconds), 2), Text(Bandwidth(r.Bytes, r.Peer), 2)])]);
        var summary = $"{ranks} ranks on {measured.GetProperty("hosts").GetInt32()} host(s)";
        var bundle = Formatters.Format(figure);
        return new(new Dictionary<string, object>(bundle.Data) { [Mime.Html] = $"<p>{summary}</p>{bundle.Data[Mime.Html]}{table.ToHtml()}", [Mime.Text] = summary + "\n" + table.ToText() });
    }

    /// <summary>Samples a second against ranks, with the line of perfect scaling from the first point.</summary>
    /// <param name="measured">Ranks and samples a second, fewest ranks first.</param>
    public static Figure Throughput(IReadOnlyList<(int Ranks, double SamplesPerSecond)> measured) => Figure.Lines("Throughput", "ranks", "samples / s",
        Figure.Line("measured", measured.Select(m => (double)m.Ranks), measured.Select(m => m.SamplesPerSecond), "#3b82f6", markers: true),
        Figure.Line("ideal", measured.Select(m => (double)m.Ranks), measured.Select(m => m.Ranks * measured[0].SamplesPerSecond / measured[0].Ranks), "#9ca3af", 1));

    private static string Size(long bytes) => bytes switch { >= 1 << 20 when bytes % (1 << 20) == 0 => $"{bytes >> 20} MiB", >= 1 << 10 when bytes % (1 << 10) == 0 => $"{bytes >> 10} KiB", _ => $"{bytes} B" };

    private static string Text(double number, int digits) => number.ToString($"F{digits}", CultureInfo.InvariantCulture);
}
