using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// The most that convolutions ask for besides their results, on any processor: libraries copy tensors into layouts of
/// their own, in which channels come in whole vectors, and results out of them. A thread that takes samples of its own
/// sums up weights of its own. Shapes that the fast kernels refuse are matrix products of windows laid side by side.
/// </summary>
internal static class ConvolutionBytes
{
    private const long Vector = 16; // numbers, of the widest processors
    private const long WidestKernel = 7; // of the fast kernels
    private const long Packed = 16 << 10; // what a product packs at a time

    /// <summary>
    /// In forward copies of input, output and weights; in backward of both gradients, the input, the weights and what
    /// is summed up of theirs.
    /// </summary>
    /// <param name="dilation">The largest of the axes.</param>
    public static (long Forward, long Backward) Of(Node node, long batch, long groups, long dilation, bool transposed)
    {
        var (x, y, weight) = (node.Inputs[0], node.Output, node.Op.Parameters.MaxBy(p => p.dim())!);
        var (outer, inner, threads, bytes) = (weight.shape[0], weight.shape[1], (long)get_num_threads(),
            weight.numel() * weight.element_size());
        var (input, output) = (x.Bytes(batch) / x.Shape[0] * Whole(x.Shape[0]),
            y.Bytes(batch) / y.Shape[0] * Whole(y.Shape[0]));
        var rows = bytes / outer * Whole(outer);
        var padded = groups > 1 ? rows : rows / inner * Whole(inner);
        // blocks of weights, so that threads share them
        var areFew = inner < Vector || Whole(outer) * Whole(inner) < 4 * threads * Vector * Vector;
        var sums = (areFew ? threads : 1) * padded;
        var (forward, backward) = (input + output + 2 * rows, 2 * input + output + padded + sums + 2 * bytes);
        // other kernels, which lay each output's window side by side
        if (batch == 1)
        {
            var windows = bytes / weight.element_size() / outer / x.Shape[0] * Math.Max(x.Bytes(1), y.Bytes(1));
            (forward, backward) = (forward + windows, backward + windows);
        }
        var (narrow, wide) = transposed ? (x, y) : (y, x);
        var product = threads * (bytes / outer * (narrow.Shape.Elements / narrow.Shape[0]) + Packed);
        var areProducts = dilation > 1 || IsWide(weight.shape.AsSpan(2), wide.Shape)
            || (groups > 1 && (x.Shape[0] / groups % Vector != 0 || y.Shape[0] / groups % Vector != 0)
                && !(groups == x.Shape[0] && groups % Vector == 0));
        if (areProducts || transposed) forward += product;
        if (transposed) forward += 2 * output;
        if (areProducts) backward += product;
        // oneDNN asks for four times the sums of each thread there
        if (areProducts || weight.dim() == 5) backward += 4 * threads * bytes;
        return (forward, backward);
    }

    // Wider than the fast kernels are, or than the picture.
    private static bool IsWide(ReadOnlySpan<long> kernel, Shape picture)
    {
        for (var axis = 0; axis < kernel.Length; axis++)
            if (kernel[axis] > WidestKernel || kernel[axis] > picture[axis + 1]) return true;
        return false;
    }

    private static long Whole(long channels) => (channels + Vector - 1) / Vector * Vector;
}
