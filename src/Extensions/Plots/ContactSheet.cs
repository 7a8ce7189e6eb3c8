using System.Text;
using Interactive.Data;
using Interactive.Extensions.Display;
using SkiaSharp;
using Picture = Interactive.Extensions.Display.Picture;

namespace Interactive.Extensions.Plots;

/// <summary>
/// Pictures of a data set on one sheet, with their classes and as their steps change them: a look before training.
/// </summary>
public static class ContactSheet
{
    private const int Gap = 6, TextHeight = 18, Most = 400;

    /// <summary>One row a picture: as evaluation sees it, and as some epochs of training see it.</summary>
    /// <param name="images">The pictures with their steps.</param>
    /// <param name="samples">Their numbers.</param>
    /// <param name="epochs">Changed views of each; default 4.</param>
    /// <param name="seed">The run's seed; default 1.</param>
    /// <returns>A PNG.</returns>
    /// <exception cref="UsageException">A picture cannot be read, or there are none or too many.</exception>
    public static byte[] Draw(ImageBatches images, IReadOnlyList<int> samples, int epochs = 4, ulong seed = 1)
    {
        if (samples.Count is < 1 or > Most || epochs is < 0 or > 32) throw new UsageException($"a sheet has 1 to {Most} pictures and up to 32 views of each, asked for {samples.Count} and {epochs}");
        var views =
            samples.Select(s
            => Enumerable.Range(-1, epochs + 1).Select(epoch => View(images, s, epoch < 0 ? null : epoch, seed))
            .ToArray()).ToArray();
        try
        {
            var (cellWidth, cellHeight) = (views.Max(row => row.Max(v => v.Width)) + Gap,
                views.Max(row => row.Max(v => v.Height)) + Gap + TextHeight);
            var perRow = epochs > 0 ? 1 : Math.Max(1, (int)Math.Ceiling(Math.Sqrt(samples.Count)));
            using var sheet = new SKBitmap(Gap + cellWidth * perRow * (epochs + 1),
                Gap + cellHeight * ((samples.Count + perRow - 1) / perRow));
            using var canvas = new SKCanvas(sheet);
            canvas.Clear(SKColors.White);
            using var face = SKTypeface.FromFamilyName(Picture.FontFamily);
            using var font = new SKFont(face, 12);
            using var paint = new SKPaint { Color = SKColors.Black, IsAntialias = true };
            for (var i = 0; i < views.Length; i++)
            {
                var (left, top) = (Gap + i % perRow * cellWidth * (epochs + 1), Gap + i / perRow * cellHeight);
                for (var v = 0; v < views[i].Length; v++)
                    canvas.DrawBitmap(views[i][v], left + v * cellWidth, top + TextHeight);
                canvas.Save();
                canvas.ClipRect(SKRect.Create(left, top, cellWidth * (epochs + 1) - Gap, TextHeight));
                canvas.DrawText($"{samples[i]}  {Label(images, samples[i])}", left, top + TextHeight - 5,
                    SKTextAlign.Left, font, paint);
                canvas.Restore();
            }
            return Picture.Encode(sheet);
        }
        finally
        {
            foreach (var view in views.SelectMany(row => row)) view.Dispose();
        }
    }

    /// <summary>
    /// Writes a sheet to a file that ends in <c>.png</c>, or as a page in <c>.html</c> that opens without a network.
    /// </summary>
    /// <exception cref="UsageException">The name has another ending, or a picture cannot be read.</exception>
    public static void Write(string path, ImageBatches images, IReadOnlyList<int> samples, int epochs = 4,
        ulong seed = 1)
    {
        Check(path);
        var png = Draw(images, samples, epochs, seed);
        if (path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
        {
            Runtime.AtomicFile.Write(path, file => file.Write(png));
            return;
        }
        var page = new StringBuilder("<!DOCTYPE html><meta charset=\"utf-8\"><title>Contact sheet</title><body style=\"font-family:sans-serif\">\n<h1>Contact sheet</h1>\n");
        page.Append($"<p>{images.Count} pictures of {images.Shape}{(images.Classes > 0 ? $", {images.Classes} classes" : "")}. Left: as evaluation sees them{(epochs > 0 ? "; then as training does" : "")}.</p>\n");
        page.Append(Picture.Element(png, "pictures with their classes")).Append("\n<table>\n");
        foreach (var sample in samples) page.Append($"<tr><td>{sample}<td>{Table.Encode(Label(images, sample))}<td>{Table.Encode(images.Origin(sample) ?? "")}\n");
        Runtime.AtomicFile.WriteText(path, page.Append("</table>\n").ToString());
    }

    /// <summary>Throws where the name's ending is not one that can be written.</summary>
    /// <exception cref="UsageException">It is neither <c>.html</c> nor <c>.png</c>.</exception>
    public static void Check(string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() is not (".html" or ".png"))
            throw new UsageException($"{path}: a contact sheet's name ends in .html or .png");
    }

    private static string Label(ImageBatches images, int sample)
        => images.ClassOf(sample) is { } one && one >= 0
        ? one < images.ClassNames.Count ? images.ClassNames[one] : $"class {one}" : "";

    private static SKBitmap View(ImageBatches images, int sample, int? epoch, ulong seed)
    {
        using var made = images.Sample(sample, epoch, seed);
        var (image, bitmap) = (made.Image,
            new SKBitmap(new SKImageInfo(made.Width, made.Height, SKColorType.Rgba8888, SKAlphaType.Opaque)));
        var rgba = new byte[4 * image.Width * image.Height];
        var pixels = image.Pixels;
        for (int i = 0, j = 0; i < rgba.Length; i += 4, j += image.Channels)
            (rgba[i], rgba[i + 1], rgba[i + 2], rgba[i + 3]) = (pixels[j], pixels[j + image.Channels / 2],
                pixels[j + image.Channels - 1], byte.MaxValue);
        System.Runtime.InteropServices.Marshal.Copy(rgba, 0, bitmap.GetPixels(), rgba.Length);
        return bitmap;
    }
}
