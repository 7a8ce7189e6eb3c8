namespace Interactive.Graphs.Ops;

/// <summary>What convolutions ask for besides their results: libraries copy tensors into layouts of their own, and results out of them.</summary>
internal static class ConvolutionBytes
{
    /// <summary>In forward copies of input, output and weights, twice where these are turned first; in backward of both gradients, the input, the weights and what is summed up of theirs.</summary>
    public static (long Forward, long Backward) Of(Node node, long batch)
    {
        var (input, output) = (node.Inputs[0].Bytes(batch), node.Output.Bytes(batch));
        // A single sample may go to kernels that lay each output's window side by side.
        var windows = batch > 1 ? 0 : node.Op.Parameters.Max(p => p.numel() / p.shape[0]) / Math.Max(1, node.Inputs[0].Shape[0]) * Math.Max(input, output);
        var weights = node.Op.Parameters.Sum(p => p.numel() * p.element_size());
        return (input + output + 2 * weights + windows, 2 * input + output + 4 * weights + windows);
    }
}
