namespace Interactive.Data;

/// <summary>
/// A rectangle around something in a picture, in pixels; it follows the picture's crops, flips and sizes.
/// </summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Upper edge.</param>
/// <param name="Right">Right edge, exclusive.</param>
/// <param name="Bottom">Lower edge, exclusive.</param>
/// <param name="Class">What is in it.</param>
public readonly record struct Box(float Left, float Top, float Right, float Bottom, int Class = 0)
{
    /// <summary>
    /// The box in a picture that was cut to a part and brought to a size; the default where nothing of it is left.
    /// </summary>
    internal Box Within(double x, double y, double width, double height, int toWidth, int toHeight)
    {
        float X(float value) => (float)Math.Clamp((value - x) * toWidth / width, 0, toWidth);
        float Y(float value) => (float)Math.Clamp((value - y) * toHeight / height, 0, toHeight);
        var box = new Box(X(Left), Y(Top), X(Right), Y(Bottom), Class);
        return box.Right > box.Left && box.Bottom > box.Top ? box : default;
    }
}
