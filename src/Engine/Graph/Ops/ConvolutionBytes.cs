using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// The most that convolutions ask for besides their results: libraries copy tensors into layouts of their own, in which
/// channels come in whole vectors, and results out of them. A thread that takes samples of its own sums up weights of
/// its own.
/// </summary>
internal static class ConvolutionBytes
{
    private const long Vector = 16; // numbers, of the widest processors

    /// <summary>
    /// In forward copies of input, output and weights; in backward of both gradients, the input, the weights and what
    /// is summed up of theirs.
    /// </summary>
    public static (long Forward, long Backward) Of(Node node, long batch, long groups)
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
        var (windows, windowsBack) = (0L, 0L);
        // other kernels, which lay each output's window side by side
        if (batch == 1)
            windows = windowsBack = bytes / weight.element_size() / outer / x.Shape[0]
            * Math.Max(x.Bytes(1), y.Bytes(1));
        if (groups > 1 && (x.Shape[0] / groups % Vector != 0 || y.Shape[0] / groups % Vector != 0)
            && !(groups == x.Shape[0] && groups % Vector == 0))
        {
            // and for each thread where groups are no whole vectors
            var each = threads * (bytes / outer * (y.Shape.Elements / y.Shape[0]));
            (windows, windowsBack) = (windows + each, windowsBack + each + 4 * threads * bytes);
        }
        return (input + output + 2 * rows + windows, 2 * input + output + padded + sums + 2 * bytes + windowsBack);
    }

    private static long Whole(long channels) => (channels + Vector - 1) / Vector * Vector;
}
