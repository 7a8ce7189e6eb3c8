namespace Interactive.Data;

/// <summary>CutMix's rectangle, as torchvision draws it: its middle anywhere, what lies outside cut off.</summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Upper edge.</param>
/// <param name="Width">Pixels of a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Kept">Share of the picture that lies outside.</param>
internal readonly record struct Cut(int Left, int Top, int Width, int Height, double Kept)
{
    public static Cut Draw(ref CounterRandom random, double share, int width, int height)
        => Around(random.Next(width), random.Next(height), share, width, height);

    public static Cut Around(int x, int y, double share, int width, int height)
    {
        var half = 0.5 * Math.Sqrt(1 - share);
        var (halfWidth, halfHeight) = ((int)(half * width), (int)(half * height));
        var (left, top) = (Math.Max(0, x - halfWidth), Math.Max(0, y - halfHeight));
        var (right, bottom) = (Math.Min(width, x + halfWidth), Math.Min(height, y + halfHeight));
        var area = (double)(right - left) * (bottom - top);
        return new(left, top, right - left, bottom - top, 1 - area / ((double)width * height));
    }
}
