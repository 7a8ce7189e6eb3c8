using System.Net;
using System.Text;
using Interactive.Monitoring;
using Interactive.Runtime;
using SkiaSharp;

namespace Interactive.Extensions.Plots;

/// <summary>
/// Writes figures to a file: a page that opens offline, or one picture with the figures below each other.
/// </summary>
public static class FigureFile
{
    /// <summary>Throws where the name's ending is not one that can be written.</summary>
    /// <exception cref="UsageException">It is neither <c>.html</c> nor <c>.png</c>.</exception>
    public static void Check(string path)
    {
        if (Ending(path) is not (".html" or ".png"))
            throw new UsageException($"--figure cannot write \"{path}\": name a file that ends in .html or .png");
    }

    /// <summary>Writes them.</summary>
    /// <exception cref="UsageException">The name's ending is neither <c>.html</c> nor <c>.png</c>, or the file cannot
    /// be written.</exception>
    public static void Write(string path, params IReadOnlyList<Figure> figures)
    {
        Check(path);
        try
        {
            if (Ending(path) == ".html") AtomicFile.WriteText(path, Page(figures));
            else File.WriteAllBytes(path, Picture(figures));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot write {path}: {e.Message}");
        }
    }

    private static string Ending(string path) => Path.GetExtension(path).ToLowerInvariant();

    internal static string Page(IReadOnlyList<Figure> figures)
    {
        var page = new StringBuilder();
        page.Append($$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>{{WebUtility.HtmlEncode(figures.Count > 0 ? figures[0].Title : "")}}</title>
            <style>
              :root { color-scheme: light dark; }
              body { font-family: system-ui, sans-serif; margin: 0 auto; max-width: 1180px; padding: 24px; color: light-dark(#1f2937, #e5e7eb); background: light-dark(#ffffff, #111827); }
              .figure { height: 460px; margin-bottom: 16px; }
            </style>
            {{Plotly.ScriptElement}}</head><body>
            """);
        for (var i = 0; i < figures.Count; i++) page.Append(figures[i].ToDiv($"figure{i}"));
        return page.Append("</body></html>").ToString();
    }

    internal static byte[] Picture(IReadOnlyList<Figure> figures)
    {
        const int Scale = 2; // for paper and for sharp screens
        using var whole = new SKBitmap(Scale * FigurePicture.Width,
            Math.Max(1, Scale * figures.Count * FigurePicture.Height));
        using var canvas = new SKCanvas(whole);
        for (var i = 0; i < figures.Count; i++)
        {
            using var part = SKBitmap.Decode(FigurePicture.Draw(figures[i], Scale * FigurePicture.Width,
                Scale * FigurePicture.Height, Scale));
            canvas.DrawBitmap(part, 0, Scale * i * FigurePicture.Height);
        }
        using var data = whole.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
