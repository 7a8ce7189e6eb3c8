using SkiaSharp;

namespace Interactive.Data;

/// <summary>
/// Decodes pictures to the pixels that Pillow's <c>convert("RGB")</c> gives: transparency is dropped, not blended, and
/// EXIF's rotation is ignored.
/// </summary>
internal static class ImageFile
{
    /// <summary>Pixels that a picture may have: a small file can claim any number.</summary>
    public const long MostPixels = 178_956_970; // Pillow's limit

    /// <summary>Width and height, by the header alone.</summary>
    /// <exception cref="InvalidDataException">It is damaged, no picture or too large.</exception>
    public static (int Width, int Height) Size(ReadOnlySpan<byte> file)
    {
        var size = IsJpeg(file) && TurboJpeg.IsThere ? TurboJpeg.Size(file) : SkiaImage.Size(file);
        if ((long)size.Width * size.Height > MostPixels) throw new InvalidDataException($"it claims {size.Width}x{size.Height} pixels, more than the {MostPixels} that are decoded");
        return size;
    }

    /// <summary>
    /// The pixels, at 1, 1/2 or 1/4 of the size where <paramref name="divisor"/> says so and it is a JPEG, in 3
    /// channels.
    /// </summary>
    /// <exception cref="InvalidDataException">It is damaged, no picture or too large.</exception>
    public static Image Decode(ReadOnlySpan<byte> file, int divisor = 1)
    {
        var (width, height) = Size(file);
        return IsJpeg(file) && TurboJpeg.IsThere ? TurboJpeg.Decode(file, width, height, divisor)
            : SkiaImage.Decode(file, width, height);
    }

    /// <summary>
    /// At least some rows of the picture, and the number of the first, where they can be decoded alone; else null.
    /// </summary>
    /// <exception cref="InvalidDataException">It is damaged or too large.</exception>
    public static (Image Image, int First)? DecodeRows(ReadOnlySpan<byte> file, int from, int to)
        => CanScale(file) && Size(file).Height > to - from ? JpegRows.Decode(file, from, to) : null;

    /// <summary>Whether <see cref="Decode"/> heeds a divisor.</summary>
    public static bool CanScale(ReadOnlySpan<byte> file) => IsJpeg(file) && TurboJpeg.IsThere;

    /// <summary>A mask's values: one channel, as they are in the file.</summary>
    /// <exception cref="InvalidDataException">It is damaged or no grey picture.</exception>
    public static Image DecodeMask(ReadOnlySpan<byte> file)
    {
        var (width, height) = Size(file);
        if (PngValues.IsPng(file)) return PngValues.HasColours(file) ? Single(SkiaImage.Decode(file, width, height)) : PngValues.Decode(file);
        if (IsJpeg(file)) throw new InvalidDataException("a mask must not be a JPEG, which changes values: save it as PNG");
        return SkiaImage.DecodeGrey(file, width, height);
    }

    // Grey that was saved as colours.
    private static Image Single(Image colours)
    {
        using (colours)
        {
            var from = colours.Pixels;
            var values = new Image(colours.Width, colours.Height, 1);
            for (var i = 0; i < values.Pixels.Length; i++)
                if (from[3 * i] == from[3 * i + 1] && from[3 * i] == from[3 * i + 2]) values.Pixels[i] = from[3 * i];
                else
                {
                    values.Dispose();
                    throw new InvalidDataException($"a mask must be a grey picture or one with a palette, whose values are classes; its pixel ({i % colours.Width}, {i / colours.Width}) has the colour {from[3 * i]}, {from[3 * i + 1]}, {from[3 * i + 2]}");
                }
            return values;
        }
    }

    private static bool IsJpeg(ReadOnlySpan<byte> file) => file is [0xFF, 0xD8, 0xFF, ..];
}
