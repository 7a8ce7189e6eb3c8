using System.IO.Enumeration;
using System.Runtime.InteropServices;
using SkiaSharp;

namespace Interactive.Data;

/// <summary>
/// Decodes pictures and brings them to a square: the shorter side to the size, bilinear, then the middle.
/// </summary>
internal static class Picture
{
    /// <summary>The endings of files that are pictures.</summary>
    public static readonly IReadOnlySet<string> Extensions
        = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif" };

    // A folder that is a link is not gone into: links may form a ring, or bring in pictures twice.
    private static readonly EnumerationOptions Below =
        new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <summary>
    /// All pictures below a folder, in the order of their paths; links to files count, folders that are links do not.
    /// </summary>
    public static string[] Find(string folder)
        => [.. new FileSystemEnumerable<string>(folder, (ref FileSystemEntry entry) => entry.ToFullPath(), Below)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
            ShouldRecursePredicate = (ref FileSystemEntry entry)
                => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        }.Where(path => Extensions.Contains(Path.GetExtension(path))).Order(StringComparer.Ordinal)];

    /// <summary>Whether a picture has an alpha channel, by its header alone.</summary>
    /// <exception cref="UsageException">The file is damaged or no picture.</exception>
    public static bool HasAlpha(string path)
    {
        using var codec = Open(path);
        return codec.Info.AlphaType != SKAlphaType.Opaque;
    }

    /// <summary>The picture's square as rows of (red, green, blue, alpha), the colours multiplied by alpha.</summary>
    /// <param name="path">PNG, JPEG, WebP, BMP or GIF.</param>
    /// <param name="size">Pixels of a side.</param>
    /// <param name="isMask">The pixels are classes: the file's own values, of which none is made of others.</param>
    /// <exception cref="UsageException">The file is damaged or no picture.</exception>
    public static byte[] Square(string path, int size, bool isMask = false)
    {
        using var whole = isMask ? DecodeMask(path) : Decode(path);
        var (width, height) = (whole.Width, whole.Height);
        var scale = size / (float)Math.Min(width, height);
        using var surface = SKSurface.Create(new SKImageInfo(size, size, SKColorType.Rgba8888, SKAlphaType.Premul));
        using var image = SKImage.FromBitmap(whole);
        var sampling = isMask ? new SKSamplingOptions(SKFilterMode.Nearest, SKMipmapMode.None)
            // the mean of what a smaller pixel covers
            : new SKSamplingOptions(SKFilterMode.Linear, scale < 1 ? SKMipmapMode.Linear : SKMipmapMode.None);
        surface.Canvas.DrawImage(image,
            SKRect.Create((size - width * scale) / 2, (size - height * scale) / 2, width * scale, height * scale),
            sampling);
        using var pixels = surface.PeekPixels();
        var bytes = new byte[4 * size * size];
        Marshal.Copy(pixels.GetPixels(), bytes, 0, bytes.Length);
        return bytes;
    }

    // The file's own values in each channel.
    private static SKBitmap DecodeMask(string path)
    {
        if (!File.Exists(path)) return Decode(path); // says so
        try
        {
            using var values = ImageFile.DecodeMask(File.ReadAllBytes(path));
            var bitmap = new SKBitmap(new SKImageInfo(values.Width, values.Height, SKColorType.Rgba8888, SKAlphaType.Premul));
            var pixels = bitmap.GetPixelSpan();
            for (var i = 0; i < values.Pixels.Length; i++)
                (pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2], pixels[4 * i + 3]) = (values.Pixels[i], values.Pixels[i], values.Pixels[i], byte.MaxValue);
            return bitmap;
        }
        catch (InvalidDataException e) { throw new UsageException($"{path}: {e.Message}"); }
    }

    private static SKBitmap Decode(string path)
    {
        using var codec = Open(path);
        var bitmap = new SKBitmap(new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888,
            SKAlphaType.Premul));
        var result = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
        if (result == SKCodecResult.Success) return bitmap;
        bitmap.Dispose();
        throw new UsageException($"{path}: the picture is damaged ({(result == SKCodecResult.IncompleteInput ? "cut short" : result)})");
    }

    private static SKCodec Open(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"{path}: there is no such picture");
        return SKCodec.Create(path, out var result) ?? throw new UsageException($"{path}: not a picture that can be decoded ({result}); PNG, JPEG, WebP, BMP and GIF can");
    }
}
