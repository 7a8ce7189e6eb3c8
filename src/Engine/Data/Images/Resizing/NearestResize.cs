namespace Interactive.Data;

/// <summary>Resizing by the nearest pixel, as Pillow does: for masks, whose values must not be mixed.</summary>
internal static class NearestResize
{
    /// <summary>A part of a picture, brought to a size.</summary>
    public static Image Run(Image image, int x, int y, int width, int height, int toWidth, int toHeight)
    {
        var columns = Places(width, toWidth);
        var rows = Places(height, toHeight);
        var result = new Image(toWidth, toHeight, image.Channels);
        for (var row = 0; row < toHeight; row++)
        {
            var from = image.Row(y + rows[row]);
            var to = result.Row(row);
            for (var column = 0; column < toWidth; column++)
                for (var c = 0; c < image.Channels; c++)
                    to[column * image.Channels + c] = from[(x + columns[column]) * image.Channels + c];
        }
        return result;
    }

    // Pillow adds the step up instead of multiplying it, which rounds otherwise.
    private static int[] Places(int from, int to)
    {
        var places = new int[to];
        var step = (double)from / to;
        var at = step * 0.5;
        for (var i = 0; i < to; i++, at += step) places[i] = Math.Min(from - 1, (int)at);
        return places;
    }
}
