namespace Interactive.Data;

/// <summary>From a place in the result to the place in the picture: (a x + b y + c, d x + e y + f).</summary>
internal readonly record struct AffineMatrix(double A, double B, double C, double D, double E, double F)
{
    /// <summary>
    /// torchvision's matrix of a turn, a shift, a scale and a shear, turned around. Angles are degrees, shifts pixels.
    /// </summary>
    public static AffineMatrix Of(double centreX, double centreY, double angle, double shiftX, double shiftY,
        double scale, double shearX, double shearY)
    {
        var (turn, sx, sy) = (angle * Math.PI / 180, shearX * Math.PI / 180, shearY * Math.PI / 180);
        var a = Math.Cos(turn - sy) / Math.Cos(sy);
        var b = -Math.Cos(turn - sy) * Math.Tan(sx) / Math.Cos(sy) - Math.Sin(turn);
        var c = Math.Sin(turn - sy) / Math.Cos(sy);
        var d = -Math.Sin(turn - sy) * Math.Tan(sx) / Math.Cos(sy) + Math.Cos(turn);
        var (m0, m1, m3, m4) = (d / scale, -b / scale, -c / scale, a / scale);
        return new(m0, m1, m0 * (-centreX - shiftX) + m1 * (-centreY - shiftY) + centreX, m3, m4,
            m3 * (-centreX - shiftX) + m4 * (-centreY - shiftY) + centreY);
    }

    /// <summary>
    /// The upright box around where a box has gone, cut to the picture; the default where nothing is left.
    /// </summary>
    public Box Around(Box box, int width, int height)
    {
        var determinant = A * E - B * D;
        var (left, top, right, bottom) = (double.MaxValue, double.MaxValue, double.MinValue, double.MinValue);
        foreach (var (x, y) in ((float, float)[])[(box.Left, box.Top), (box.Right, box.Top), (box.Left, box.Bottom),
            (box.Right, box.Bottom)])
        {
            var (toX, toY) = ((E * (x - C) - B * (y - F)) / determinant, (A * (y - F) - D * (x - C)) / determinant);
            (left, top, right, bottom) = (Math.Min(left, toX), Math.Min(top, toY), Math.Max(right, toX),
                Math.Max(bottom, toY));
        }
        return new Box((float)left, (float)top, (float)right, (float)bottom, box.Class).Within(0, 0, width, height,
            width, height);
    }
}
