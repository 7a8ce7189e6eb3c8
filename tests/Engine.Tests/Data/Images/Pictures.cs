using SkiaSharp;

namespace Interactive.Engine.Tests.Data.Images;

/// <summary>Makes small picture files.</summary>
internal static class Pictures
{
    /// <summary>Writes a picture whose pixels come from a function of (x, y).</summary>
    public static string Write(string path, int width, int height, Func<int, int, SKColor> colour,
        SKAlphaType alpha = SKAlphaType.Unpremul)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, alpha));
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++) bitmap.SetPixel(x, y, colour(x, y));
        var format = Path.GetExtension(path) switch
        {
            ".png" => SKEncodedImageFormat.Png,
            ".webp" => SKEncodedImageFormat.Webp,
            _ => SKEncodedImageFormat.Jpeg
        };
        using var data = bitmap.Encode(format, 100);
        File.WriteAllBytes(path, data.ToArray());
        return path;
    }

    public static string Write(string path, SKColor colour)
        => Write(path, 12, 12, (_, _) => colour, SKAlphaType.Opaque);
}
