using Interactive.Extensions.Plots;
using SkiaSharp;

namespace Interactive.Extensions.Tests.Plots;

public sealed class FigureFileTests
{
    private static readonly Figure[] Two =
    [
        CapacityFigures.Batches(["one", "two"], [("keep-all", [3L, 5L]), ("search", [9L, 20L])], 16L << 30),
        Figure.Lines("curve", "x", "y", Figure.Line("line", [0, 1], [2, 3], "#ff0000")),
    ];

    [Fact]
    public void A_page_holds_each_figure_and_the_library_once()
    {
        var page = FigureFile.Page(Two);
        Assert.Contains("id=\"figure0\"", page);
        Assert.Contains("id=\"figure1\"", page);
        Assert.Equal(page.IndexOf(Plotly.ScriptElement, StringComparison.Ordinal),
            page.LastIndexOf(Plotly.ScriptElement, StringComparison.Ordinal));
        Assert.DoesNotContain("src=\"http", page);
        Assert.Contains("Largest batch within 16 GiB", page);
    }

    [Fact]
    public void A_picture_holds_the_figures_below_each_other()
    {
        using var picture = SKBitmap.Decode(FigureFile.Picture(Two));
        Assert.Equal((2 * FigurePicture.Width, 2 * 2 * FigurePicture.Height), (picture.Width, picture.Height));
        bool Has(string colour, int from)
            => Enumerable.Range(0, picture.Width)
            .Any(x => Enumerable.Range(from, 2 * FigurePicture.Height)
            .Any(y => picture.GetPixel(x, y) == SKColor.Parse(colour)));
        Assert.True(Has("#3b82f6", 0));
        Assert.True(Has("#ff0000", 2 * FigurePicture.Height));
        Assert.False(Has("#ff0000", 0));
    }

    [Fact]
    public void Other_endings_are_refused()
        => Assert.Contains(".html or .png",
        Assert.Throws<UsageException>(() => FigureFile.Write("figure.pdf", Two)).Message);
}
