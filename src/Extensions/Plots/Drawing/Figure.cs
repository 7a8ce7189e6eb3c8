using Interactive.Extensions.Display;
using Interactive.Extensions.DotnetInteractive;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using XPlot.Plotly;

namespace Interactive.Extensions.Plots;

/// <summary>An interactive figure: XPlot's traces and layout, drawn by plotly.js.</summary>
/// <param name="Traces">What is drawn.</param>
/// <param name="Layout">Title and axes.</param>
[TypeFormatterSource(typeof(PolyglotFormatterSource), PreferredMimeTypes = [Mime.Html, Mime.Plotly, Mime.Text])]
public sealed record Figure(IReadOnlyList<Trace> Traces, Layout.Layout Layout)
{
    private static readonly JsonSerializerSettings Json =
        new()
        {
            NullValueHandling = NullValueHandling.Ignore,
            Culture = System.Globalization.CultureInfo.InvariantCulture,
        };

    /// <summary>What stands above it; empty for none.</summary>
    public string Title => Layout.title ?? "";

    /// <summary>A figure of lines over one axis.</summary>
    public static Figure Lines(string title, string xAxis, string yAxis, params IReadOnlyList<Trace> traces)
        => new(traces, new Layout.Layout
        {
            title = title,
            xaxis = new Xaxis { title = xAxis },
            yaxis = new Yaxis { title = yAxis },
            showlegend = traces.Count > 1,
            hovermode = "x unified",
        });

    /// <summary>One line. Of more than 4,000 points its outline is drawn: no peak is lost.</summary>
    public static Scatter Line(string name, IEnumerable<double> x, IEnumerable<double> y, string color,
        double width = 2, bool markers = false)
    {
        var outline = Outline.Of([.. x], [.. y]);
        return new()
        {
            name = name,
            x = outline.X,
            y = outline.Y,
            mode = markers ? "lines+markers" : "lines",
            line = new Line { color = color, width = width },
        };
    }

    /// <summary>The figure as Plotly's JSON: <c>{"data": …, "layout": …}</c>.</summary>
    public string ToPlotlyJson()
    {
        var figure = JObject.FromObject(new { data = Traces, layout = Layout }, JsonSerializer.Create(Json));
        // XPlot writes titles as text; plotly.js takes objects since version 3.
        foreach (var part in new[] { figure["layout"]!, figure["layout"]!["xaxis"], figure["layout"]!["yaxis"] })
            if (part?["title"] is JValue title) part["title"] = new JObject { ["text"] = title };
        return figure.ToString(Formatting.None);
    }

    /// <summary>
    /// A div and the script that draws into it; the page must hold <see cref="Plotly.ScriptElement"/> before it.
    /// </summary>
    public string ToDiv(string id)
    {
        // "</" would end the script element wherever it stands.
        var json = ToPlotlyJson().Replace("</", "<\\/");
        return $$"""
            <div id="{{id}}" class="figure"></div>
            <script>(function () {
              var figure = {{json}}, text = getComputedStyle(document.body).color;
              var title = figure.layout.title, wide = document.getElementById("{{id}}").clientWidth;
              if (title && title.text && wide) title.font = { size: Math.max(9, Math.min(17, 1.7 * wide / title.text.length)) }; // whole in a narrow page too
              Object.assign(figure.layout, { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: text, family: "system-ui, sans-serif" },
                legend: { orientation: "h", x: 0, xanchor: "left", y: 0, yref: "container", yanchor: "bottom" }, modebar: { bgcolor: "rgba(0,0,0,0)", color: "rgba(128,128,128,0.6)" }, margin: { l: 60, r: 16, t: 66, b: 60 } });
              ["xaxis", "yaxis"].forEach(function (axis) { Object.assign(figure.layout[axis], { exponentformat: "power", minexponent: 6, separatethousands: true, ticklabelstandoff: 4, automargin: true, gridcolor: "rgba(128,128,128,0.25)", zerolinecolor: "rgba(128,128,128,0.4)" }); });
              Plotly.newPlot("{{id}}", figure.data, figure.layout, { responsive: true, displaylogo: false });
            })();</script>
            """;
    }
}
