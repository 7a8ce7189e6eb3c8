namespace Interactive.Graphs.Ops;

/// <summary>Into how many parts a weight's gradient is cut along its outputs.</summary>
internal static class GradientParts
{
    private const long LeastOutputs = 16; // of a part: kernels work on blocks of so many

    /// <summary>The least power of two that makes parts small enough, or the greatest one that the outputs allow.</summary>
    /// <param name="outputs">Output features or channels.</param>
    /// <param name="bytes">Of the temporary tensors for all of them.</param>
    /// <param name="limit">Bytes that those of a part may take.</param>
    public static int Of(long outputs, long bytes, long limit)
    {
        var parts = 1;
        while (bytes / parts > limit && outputs % (2 * parts) == 0 && outputs / (2 * parts) >= LeastOutputs) parts *= 2;
        return parts;
    }
}
