using Interactive.Extensions.Plots;
using SkiaSharp;
using XPlot.Plotly;

namespace Interactive.Extensions.Tests.Plots;

public sealed class FigurePictureTests
{
    private static int Pixels(Figure figure, string colour)
    {
        using var bitmap = SKBitmap.Decode(FigurePicture.Draw(figure));
        var wanted = SKColor.Parse(colour);
        return bitmap.Pixels.Count(p => p == wanted);
    }

    private static Figure Of(Trace trace, string? mode = null, string? axis = null) => new([trace],
        new Layout.Layout
        {
            title = "t", barmode = mode, xaxis = new Xaxis { title = "x" }, yaxis =
            new Yaxis { title = "y", type = axis }, showlegend = false
        });

    [Fact]
    public void Bars_cover_area_in_proportion()
    {
        int Area(double other)
            => Pixels(Of(new Bar
            {
                x = new[] { "a", "b" }, y = new[] { 1.0, other }, marker =
            new Marker { color = "#ff0000" }
            }), "#ff0000");
        Assert.Equal(2.0, (double)Area(1) / Area(0), 0.1);
    }

    [Fact]
    public void Lying_bars_and_filled_lines_are_drawn()
    {
        Assert.True(Pixels(Of(new Bar
        {
            x = new[] { 3.0 }, y = new[] { "rank 0" }, orientation = "h", marker =
            new Marker { color = "#00ff00" }
        }), "#00ff00") > 10_000);
        Assert.True(Pixels(Of(new Scatter
        {
            x = new[] { 0.0, 1 }, y = new[] { 2.0, 2 }, fill = "tozeroy", fillcolor =
            "#0000ff", mode = "lines"
        }), "#0000ff") > 10_000);
    }

    [Fact]
    public void A_logarithmic_axis_leaves_out_what_it_cannot_show()
        => Assert.True(Pixels(Of(new Scatter
        {
            x = new[] { 1.0, 2, 3 }, y = new[] { 0.0, 10, 1000 }, mode =
        "lines", line = new Line { color = "#ff0000", width = 4 }
        }, axis: "log"), "#ff0000") > 500);

    [Fact]
    public void An_axis_from_zero_makes_a_small_difference_small()
    {
        int Height(string? range)
        {
            var figure =
                Of(new Scatter
                {
                    x = new[] { 0.0, 1 }, y = new[] { 99.0, 100 }, mode = "lines", line =
                new Line { color = "#ff0000", width = 3 }
                });
            figure.Layout.yaxis.rangemode = range;
            using var bitmap = SKBitmap.Decode(FigurePicture.Draw(figure));
            var rows =
                Enumerable.Range(0, bitmap.Height)
                .Where(y => Enumerable.Range(0, bitmap.Width).Any(x => bitmap.GetPixel(x, y) == new SKColor(255, 0, 0)))
                .ToList();
            return rows[^1] - rows[0];
        }

        Assert.InRange(Height("tozero"), 1, 15);
        Assert.True(Height(null) > 200);
    }

    [Fact]
    public void An_empty_figure_is_a_picture_too()
    {
        using var bitmap =
            SKBitmap.Decode(FigurePicture.Draw(Figure.Lines("t", "x", "y", Figure.Line("none", [], [], "#ff0000")), 300,
            200));
        Assert.Equal((300, 200), (bitmap.Width, bitmap.Height));
    }
}
