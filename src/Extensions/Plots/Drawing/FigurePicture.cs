using System.Globalization;
using Interactive.Extensions.Display;
using Newtonsoft.Json.Linq;
using ScottPlot;

namespace Interactive.Extensions.Plots;

/// <summary>
/// Draws a figure as a PNG, from the same traces that plotly.js draws: lines and markers, filled and stacked areas,
/// bars (grouped, stacked or floating, upright or lying), linear and logarithmic axes.
/// </summary>
public static class FigurePicture
{
    /// <summary>Size in pixels.</summary>
    public const int Width = 820, Height = 400;
    private static readonly string[] palette = ["#3b82f6", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#ec4899",
        "#14b8a6", "#84cc16", "#6b7280", "#f97316"];

    /// <summary>The picture's bytes.</summary>
    /// <param name="figure">What is drawn.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="scale">How many times as large letters and lines are; default 1.</param>
    public static byte[] Draw(Figure figure, int width = Width, int height = Height, int scale = 1)
    {
        var json = JObject.Parse(figure.ToPlotlyJson());
        var layout = (JObject)json["layout"]!;
        using var plot = new Plot();
        plot.Font.Set(Picture.FontFamily);
        Axis x = Axis.Of(layout["xaxis"]), y = Axis.Of(layout["yaxis"]);
        var traces = ((JArray)json["data"]!).Cast<JObject>().ToList();
        var named = new CategoryAxis(traces, (string?)layout["barmode"]);
        var bars = new Bars(plot, (string?)layout["barmode"], traces.Count(IsBar), x, y, named);
        Dictionary<string, double[]> stacks = [];
        double[]? below = null;
        for (var i = 0; i < traces.Count; i++)
        {
            var colour = Colour(traces[i]["line"]?["color"])
                ?? Colour(traces[i]["marker"]?["color"]) ?? Color.FromHex(palette[i % palette.Length]);
            if (IsBar(traces[i])) bars.Add(traces[i], colour);
            else below = Line(plot, traces[i], colour, x, y, stacks, below, named);
        }
        plot.Title(Text(layout["title"]), 15);
        plot.XLabel(Text(layout["xaxis"]?["title"]), 13);
        plot.YLabel(Text(layout["yaxis"]?["title"]), 13);
        x.Apply(plot.Axes.Bottom);
        y.Apply(plot.Axes.Left);
        named.Apply(plot);
        if ((string?)layout["yaxis"]?["rangemode"] == "tozero")
        {
            plot.Axes.AutoScale();
            plot.Axes.SetLimitsY(Math.Min(0, plot.Axes.GetLimits().Bottom), plot.Axes.GetLimits().Top);
        }
        // below the lines, as in the page: within them it covers some point of some figure
        if (traces.Count > 1 && (bool?)layout["showlegend"] != false) Legend(plot);
        plot.ScaleFactor = scale;
        return plot.GetImageBytes(width, height, ImageFormat.Png);
    }

    private static void Legend(Plot plot)
    {
        plot.Legend.Orientation = Orientation.Horizontal;
        (plot.Legend.OutlineWidth, plot.Legend.ShadowColor, plot.Legend.BackgroundColor) = (0, Colors.Transparent,
            Colors.Transparent);
        plot.ShowLegend(Edge.Bottom);
    }

    private static bool IsBar(JObject trace) => (string?)trace["type"] == "bar";

    private static double[] Line(Plot plot, JObject trace, Color colour, Axis x, Axis y,
        Dictionary<string, double[]> stacks, double[]? below, CategoryAxis named)
    {
        var heights = y.Numbers(trace["y"]);
        var places = trace["x"] is null ? [.. Enumerable.Range(0, heights.Length).Select(n => (double)n)]
            : named.Places(trace["x"], x);
        var count = Math.Min(places.Length, heights.Length);
        (places, heights) = (places[..count], heights[..count]);
        double[]? floor = (string?)trace["fill"] switch
        {
            "tozeroy" => new double[count],
            "tonexty" => below,
            _ => null
        };
        if ((string?)trace["stackgroup"] is { } group)
        {
            floor = stacks.GetValueOrDefault(group) is { } known && known.Length == count ? known : new double[count];
            stacks[group] = heights = [.. heights.Zip(floor, (a, b) => a + b)];
        }
        if (floor is not null && floor.Length == count && count > 0)
        {
            var area = plot.Add.FillY(places, floor, heights);
            (area.FillColor, area.LineWidth, area.MarkerSize) = (Colour(trace["fillcolor"]) ?? colour.WithAlpha(0.45),
                0, 0);
        }
        var mode = (string?)trace["mode"] ?? "lines";
        // A gap in the numbers is a gap in the line.
        var seen = Enumerable.Range(0, count).Where(i => double.IsFinite(places[i]) && double.IsFinite(heights[i]))
            .ToArray();
        if (seen.Length > 0)
        {
            var line = plot.Add.Scatter(seen.Select(i => places[i]).ToArray(), seen.Select(i => heights[i]).ToArray(),
                colour);
            line.LineWidth = mode.Contains("lines") ? (float?)trace["line"]?["width"] ?? 2 : 0;
            line.MarkerSize = mode.Contains("markers") ? (float?)(trace["marker"]?["size"] as JValue) ?? 6 : 0;
            if ((string?)trace["line"]?["shape"] is "hv") line.ConnectStyle = ConnectStyle.StepHorizontal;
            if ((string?)trace["line"]?["dash"] is { } dash && dash != "solid")
                line.LinePattern = dash.StartsWith("dot") ? LinePattern.Dotted : LinePattern.Dashed;
            line.LegendText = (bool?)trace["showlegend"] == false ? "" : (string?)trace["name"] ?? "";
            if (mode.Contains("text") && trace["text"] is JArray texts) Name(plot, texts, seen, places, heights);
        }
        return heights;
    }

    private static void Name(Plot plot, JArray texts, int[] seen, double[] places, double[] heights)
    {
        foreach (var i in seen.Where(i => i < texts.Count && (string?)texts[i] is { Length: > 0 }))
        {
            var name = plot.Add.Text(((string)texts[i]!).Replace("<br>", "\n"), places[i], heights[i]);
            (name.LabelAlignment, name.OffsetY, name.LabelFontSize) = (Alignment.LowerCenter, -6, 12);
        }
    }

    private static string Text(JToken? title) => (string?)(title is JObject ? title["text"] : title) ?? "";

    private static Color? Colour(JToken? token)
    {
        if (token is not JValue { Type: JTokenType.String } value) return null;
        var text = (string)value!;
        if (text.StartsWith('#')) return Color.FromHex(text);
        if (!text.StartsWith("rgb") || text.IndexOf('(') is var open && open < 0)
            return SkiaSharp.SKColor.TryParse(text, out var named) ? new Color(named.Red, named.Green, named.Blue)
            : null;
        var parts =
            text[(text.IndexOf('(') + 1)..].TrimEnd(')').Split(',')
            .Select(p => double.Parse(p, CultureInfo.InvariantCulture)).ToArray();
        return new Color((byte)parts[0], (byte)parts[1], (byte)parts[2],
            (byte)(parts.Length > 3 ? 255 * parts[3] : 255));
    }

    /// <summary>One axis: its numbers as they are placed, and its ticks.</summary>
    private sealed record Axis(bool IsLogarithmic)
    {
        public static Axis Of(JToken? axis) => new((string?)axis?["type"] == "log");

        public double[] Numbers(JToken? values) => values is null ? [] : [.. values.Select(v => Place(Number(v)))];

        public double Place(double number) => IsLogarithmic ? number > 0 ? Math.Log10(number) : double.NaN : number;

        public void Apply(IAxis axis)
        {
            if (!IsLogarithmic) return;
            axis.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
            {
                IntegerTicksOnly = true,
                LabelFormatter = power => Math.Pow(10, power).ToString("G4", CultureInfo.InvariantCulture),
                MinorTickGenerator = new ScottPlot.TickGenerators.LogMinorTickGenerator(),
            };
        }

        internal static double Number(JToken? token) => token switch
        {
            JValue { Type: JTokenType.Null } or null => double.NaN,
            JValue { Type: JTokenType.String } text
                => double.TryParse((string)text!, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                ? number : double.NaN,
            _ => (double)token,
        };
    }

    /// <summary>Places for names on the axis: 0, 1, 2, … in the order in which they come.</summary>
    private sealed class CategoryAxis
    {
        private readonly List<string> names = [];
        private readonly bool isLying;

        public CategoryAxis(List<JObject> traces, string? mode)
        {
            isLying = traces.Any(t => (string?)t["orientation"] == "h");
            foreach (var trace in traces)
                foreach (var value in trace[isLying ? "y" : "x"] ?? new JArray())
                    if (value is JValue { Type: JTokenType.String } && (string)value! is var name
                        && !names.Contains(name)) names.Add(name);
        }

        public double[] Places(JToken? values, Axis axis)
            => values is null ? []
            : names.Count == 0 ? axis.Numbers(values) : [.. values.Select(v => (double)names.IndexOf((string)v!))];

        public void Apply(Plot plot)
        {
            if (names.Count == 0) return;
            (isLying ? (IAxis)plot.Axes.Left : plot.Axes.Bottom).TickGenerator =
                new ScottPlot.TickGenerators.NumericManual([.. names.Select((_, i) => (double)i)], [.. names]);
            if (isLying) plot.Axes.Left.MinimumSize = 20 + 7 * names.Max(n => n.Length);
        }
    }

    private sealed class Bars(Plot plot, string? mode, int traces, Axis x, Axis y, CategoryAxis named)
    {
        private readonly Dictionary<double, double> tops = [];
        private int index;

        public void Add(JObject trace, Color colour)
        {
            var isLying = (string?)trace["orientation"] == "h";
            var lengths = (isLying ? x : y).Numbers(trace[isLying ? "x" : "y"]);
            var places = named.Places(trace[isLying ? "y" : "x"], isLying ? y : x);
            if (places.Length == 0) places = [.. Enumerable.Range(0, lengths.Length).Select(n => (double)n)];
            var bases = trace["base"] is JArray given ? (isLying ? x : y).Numbers(given) : null;
            var isStacked = mode is "stack" or "relative" or "overlay" || bases is not null;
            var widths = trace["width"] is JArray each ? each.Values<double>().ToArray() : null;
            var size = isStacked ? 0.8 : 0.8 / Math.Max(1, traces);
            var bars = new List<Bar>();
            for (var i = 0; i < Math.Min(lengths.Length, places.Length); i++)
            {
                if (!double.IsFinite(lengths[i])) continue;
                var from = bases is not null ? bases[Math.Min(i, bases.Length - 1)]
                    : mode is "stack" or "relative" ? tops.GetValueOrDefault(places[i]) : 0;
                tops[places[i]] = from + lengths[i];
                bars.Add(new Bar
                {
                    Position = places[i] + (isStacked ? 0 : (index - (traces - 1) / 2.0) * size),
                    ValueBase = from,
                    Value = from + lengths[i],
                    Size = widths is null ? size : widths[Math.Min(i, widths.Length - 1)],
                    FillColor = trace["marker"]?["color"] is JArray colours && i < colours.Count
                        ? Colour(colours[i]) ?? colour : colour,
                    LineWidth = 0,
                });
            }
            index++;
            if (bars.Count == 0) return;
            var plotted = plot.Add.Bars(bars);
            plotted.Horizontal = isLying;
            plotted.LegendText = (string?)trace["name"] ?? "";
        }
    }
}
