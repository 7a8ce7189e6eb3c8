namespace Interactive.Data;

/// <summary>Changes of a picture's colours, in place, with Pillow's arithmetic to the byte.</summary>
internal static class Colours
{
    /// <summary>Between black (0) and the picture (1), or beyond.</summary>
    public static void Brightness(Image image, double factor) => Blend(image, (_, _) => 0, factor);

    /// <summary>Between its mean grey (0) and the picture (1), or beyond.</summary>
    public static void Contrast(Image image, double factor)
    {
        long sum = 0;
        using var grey = image.Channels == 3 ? Grayscale.Of(image) : image.Crop(0, 0, image.Width, image.Height);
        foreach (var value in grey.Pixels) sum += value;
        var mean = (int)((double)sum / grey.Pixels.Length + 0.5);
        Blend(image, (_, _) => mean, factor);
    }

    /// <summary>Between its greys (0) and the picture (1), or beyond.</summary>
    public static void Saturation(Image image, double factor)
    {
        if (image.Channels != 3) return;
        using var grey = Grayscale.Of(image);
        Blend(image, grey, factor);
    }

    /// <summary>Between a smoothed picture (0) and the picture (1), or beyond.</summary>
    public static void Sharpness(Image image, double factor)
    {
        using var smooth = Smooth(image);
        Blend(image, smooth, factor);
    }

    /// <summary>Turns the hue by a share of the circle, -0.5 to 0.5.</summary>
    public static void Hue(Image image, double turn)
    {
        if (image.Channels != 3) return;
        var step = (byte)(int)(turn * 255);
        var pixels = image.Pixels;
        for (var i = 0; i < pixels.Length; i += 3)
        {
            var (hue, saturation, value) = HueOf(pixels[i], pixels[i + 1], pixels[i + 2]);
            (pixels[i], pixels[i + 1], pixels[i + 2]) = ColourOf((byte)(hue + step), saturation, value);
        }
    }

    /// <summary>Each byte by a table of its channel.</summary>
    public static void Apply(Image image, byte[][] tables)
    {
        var pixels = image.Pixels;
        for (var i = 0; i < pixels.Length; i++) pixels[i] = tables[i % image.Channels][pixels[i]];
    }

    private static void Blend(Image image, Image other, double factor)
    {
        var step = image.Channels / other.Channels;
        var pixels = image.Pixels;
        var others = other.Pixels;
        for (var i = 0; i < pixels.Length; i++) pixels[i] = Blend(others[i / step], pixels[i], (float)factor);
    }

    private static void Blend(Image image, Func<int, int, int> degenerate, double factor)
    {
        var value = degenerate(0, 0);
        var table = new byte[256];
        for (var i = 0; i < 256; i++) table[i] = Blend(value, i, (float)factor);
        foreach (ref var pixel in image.Pixels) pixel = table[pixel];
    }

    private static byte Blend(int from, int to, float factor)
    {
        if (factor == 0) return (byte)from;
        if (factor == 1) return (byte)to;
        var value = from + factor * (to - from);
        return value <= 0 ? (byte)0 : value >= 255 ? (byte)255 : (byte)value;
    }

    // Pillow's SMOOTH: 1 around, 5 in the middle, by 13; the border stays.
    private static Image Smooth(Image image)
    {
        const float Around = 1f / 13, Middle = 5f / 13;
        var (result, step) = (image.Crop(0, 0, image.Width, image.Height), image.Channels);
        for (var y = 1; y < image.Height - 1; y++)
        {
            var above = image.Row(y - 1);
            var row = image.Row(y);
            var below = image.Row(y + 1);
            var to = result.Row(y);
            for (var i = step; i < row.Length - step; i++)
            {
                var sum = 0.5f;
                sum += below[i - step] * Around + below[i] * Around + below[i + step] * Around;
                sum += row[i - step] * Around + row[i] * Middle + row[i + step] * Around;
                sum += above[i - step] * Around + above[i] * Around + above[i + step] * Around;
                to[i] = sum <= 0 ? (byte)0 : sum >= 255 ? (byte)255 : (byte)sum;
            }
        }
        return result;
    }

    private static (byte Hue, byte Saturation, byte Value) HueOf(byte red, byte green, byte blue)
    {
        var (most, least) = (Math.Max(red, Math.Max(green, blue)), Math.Min(red, Math.Min(green, blue)));
        if (most == least) return (0, 0, most);
        float range = most - least;
        var saturation = range / most;
        var (r, g, b) = ((most - red) / range, (most - green) / range, (most - blue) / range);
        var hue = red == most ? b - g : green == most ? (float)(2.0 + r - b) : (float)(4.0 + g - r);
        hue = (float)((hue / 6.0 + 1.0) % 1.0);
        return ((byte)Math.Clamp((int)(hue * 255.0), 0, 255), (byte)Math.Clamp((int)(saturation * 255.0), 0, 255),
            most);
    }

    private static (byte Red, byte Green, byte Blue) ColourOf(byte hue, byte saturation, byte value)
    {
        if (saturation == 0) return (value, value, value);
        var sector = (int)Math.Floor((float)hue * 6.0 / 255.0);
        var rest = (float)((float)hue * 6.0 / 255.0 - sector);
        var share = (float)(saturation / 255.0);
        static byte Round(double number)
            => (byte)Math.Clamp((int)Math.Round(number, MidpointRounding.AwayFromZero), 0, 255);
        var (p, q, t) = (Round(value * (1.0 - share)), Round(value * (1.0 - share * rest)),
            Round(value * (1.0 - share * (1.0 - rest))));
        return (sector % 6) switch
        {
            0 => (value, t, p),
            1 => (q, value, p),
            2 => (p, value, t),
            3 => (p, q, value),
            4 => (t, p, value),
            _ => (value, p, q),
        };
    }
}
