namespace Interactive.Graphs.Ops;

/// <summary>The arithmetic of sliding windows, shared by convolution and pooling.</summary>
internal static class Window
{
    /// <summary>Output height and width.</summary>
    /// <exception cref="GraphException">The window does not fit the input.</exception>
    public static (long Height, long Width) Output(Shape input, Size2 kernel, Size2 stride, Size2 padding,
        Size2 dilation, bool ceiling = false)
    {
        var (h, w) = (input[^2], input[^1]);
        var (outH, outW) = (Along(h, kernel.Height, stride.Height, padding.Height, dilation.Height, ceiling),
            Along(w, kernel.Width, stride.Width, padding.Width, dilation.Width, ceiling));
        if (outH <= 0 || outW <= 0)
            throw new GraphException($"a {kernel} window with padding {padding} does not fit an input of {h}x{w}: use a larger image");
        return (outH, outW);
    }

    private static long Along(long size, long kernel, long stride, long padding, long dilation, bool ceiling)
    {
        var room = size + 2 * padding - dilation * (kernel - 1) - 1;
        if (room < 0) return 0;
        var windows = (ceiling ? (room + stride - 1) / stride : room / stride) + 1;
        // With ceiling the last window must still start inside the input or its left padding.
        return ceiling && (windows - 1) * stride >= size + padding ? windows - 1 : windows;
    }
}
