using SkiaSharp;

namespace Interactive.Extensions.Display;

/// <summary>PNG pictures as bundles and pages hold them.</summary>
internal static class Picture
{
    /// <summary>
    /// An image element that carries its picture: it shows where scripts do not run, and without a network.
    /// </summary>
    public static string Element(byte[] png, string alt, int? width = null)
        => $"<img alt=\"{Table.Encode(alt)}\"{(width is null ? "" : $" width=\"{width}\"")} style=\"max-width:100%\" src=\"data:image/png;base64,{Convert.ToBase64String(png)}\">";

    public static byte[] Encode(SKBitmap bitmap)
    {
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    /// <summary>A sans-serif family that this machine has; the default one where it has none.</summary>
    public static string FontFamily { get; } = new[] { "DejaVu Sans", "Liberation Sans", "Noto Sans", "Arial" }.FirstOrDefault(SKFontManager.Default.FontFamilies.Contains) ?? SKTypeface.Default.FamilyName;
}
