namespace Interactive.Data;

/// <summary>
/// Moves pixels by a matrix, the nearest one to each place, with Pillow's arithmetic: 16 bits behind the point, or
/// doubles where nothing is turned.
/// </summary>
internal static class AffineWarp
{
    private const int Bits = 16;

    public static Image Run(Image image, AffineMatrix m)
    {
        var result = new Image(image.Width, image.Height, image.Channels);
        result.Pixels.Clear();
        if (m.B == 0 && m.D == 0) Scale(image, result, m);
        else Turn(image, result, m);
        return result;
    }

    private static void Scale(Image image, Image result, AffineMatrix m)
    {
        var columns = Places(m.C + m.A * 0.5, m.A, image.Width);
        var rows = Places(m.F + m.E * 0.5, m.E, image.Height);
        for (var y = 0; y < result.Height; y++)
            for (var x = 0; x < result.Width; x++)
                if ((uint)rows[y] < (uint)image.Height && (uint)columns[x] < (uint)image.Width)
                    Copy(image, columns[x], rows[y], result, x, y);
    }

    private static int[] Places(double first, double step, int count)
    {
        var places = new int[count];
        for (var i = 0; i < count; i++, first += step) places[i] = first < 0 ? -1 : (int)first;
        return places;
    }

    private static void Turn(Image image, Image result, AffineMatrix m)
    {
        var (a, b, d, e) = (Fixed(m.A), Fixed(m.B), Fixed(m.D), Fixed(m.E));
        var (startX, startY) = (Fixed(m.C + m.A * 0.5 + m.B * 0.5), Fixed(m.F + m.D * 0.5 + m.E * 0.5));
        for (var y = 0; y < result.Height; y++, startX += b, startY += e)
        {
            var (atX, atY) = (startX, startY);
            for (var x = 0; x < result.Width; x++, atX += a, atY += d)
                if ((uint)(atX >> Bits) < (uint)image.Width && (uint)(atY >> Bits) < (uint)image.Height)
                    Copy(image, atX >> Bits, atY >> Bits, result, x, y);
        }
    }

    private static int Fixed(double value) => (int)Math.Floor(value * (1 << Bits) + 0.5);

    private static void Copy(Image from, int x, int y, Image to, int toX, int toY)
    {
        var source = from.Row(y);
        var target = to.Row(toY);
        for (var c = 0; c < from.Channels; c++) target[toX * from.Channels + c] = source[x * from.Channels + c];
    }
}
