using Interactive.Extensions.Display;
using System.Text.Json.Nodes;

namespace Interactive.Extensions.Plots;

/// <summary>
/// A figure: picture, plotly's object, and HTML that holds the picture until its script has drawn the figure.
/// </summary>
internal static class FigureFormat
{
    public static MimeBundle Format(Figure figure)
    {
        var png = FigurePicture.Draw(figure);
        var json = figure.ToPlotlyJson();
        return new(new Dictionary<string, object>
        {
            [Mime.Png] = Convert.ToBase64String(png),
            [Mime.Plotly] = JsonNode.Parse(json)!,
            [Mime.Html] = NotebookPage.TakeLibrary()
                + Element(json, Picture.Element(png, figure.Title, FigurePicture.Width)),
            [Mime.Text] = Describe(figure),
        });
    }

    /// <summary>A figure that needs the library on its page.</summary>
    internal static string Element(string json, string picture)
    {
        var id = $"figure-{Guid.NewGuid():N}";
        // "</" would end the script element wherever it stands.
        return $$"""
            <div id="{{id}}" style="max-width:{{FigurePicture.Width}}px">{{picture}}</div>
            <script>(function () {
              var div = document.getElementById("{{id}}"), figure = {{json.Replace("</", "<\\/")}};
              if (!div || !window.Plotly) return;
              div.innerHTML = "";
              figure.layout.height = figure.layout.height || {{FigurePicture.Height}};
              window.Plotly.newPlot(div, figure.data, figure.layout, { responsive: true, displaylogo: false });
            })();</script>
            """;
    }

    private static string Describe(Figure figure)
    {
        var names = figure.Traces.Select(t => t.name).Where(n => !string.IsNullOrEmpty(n)).ToList();
        return $"Figure: {figure.Title}{(names.Count > 0 ? $" ({string.Join(", ", names)})" : "")}";
    }
}
