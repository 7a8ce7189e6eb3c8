using Interactive.Memory.Chains;

namespace Interactive.Engine.Tests.Memory.Chains;

/// <summary>Chains of the golden numbers and of the property tests, with one option a block.</summary>
internal static class TestChains
{
    /// <param name="forward">Seconds of each stage.</param>
    /// <param name="backward">Seconds of each stage.</param>
    /// <param name="outputs">Bytes of the input, then of each stage's output.</param>
    /// <param name="saved">Bytes each stage saves, the output among them.</param>
    /// <param name="gradients">Bytes of the input's gradient, then of each output's; default: as the values.</param>
    /// <param name="forwardSpace">Workspace of each forward.</param>
    /// <param name="backwardSpace">Workspace of each backward.</param>
    public static Chain Of(double[] forward, double[] backward, long[] outputs, long[] saved, long[]? gradients = null,
        long[]? forwardSpace = null, long[]? backwardSpace = null)
    {
        gradients ??= outputs;
        return new([.. forward
            .Select((f, i) => new ChainStage(f, outputs[i + 1], forwardSpace?[i] ?? 0, gradients[i + 1],
            [new BlockOption("all", f, backward[i], saved[i], forwardSpace?[i] ?? 0, backwardSpace?[i] ?? 0)]))],
                gradients[0]);
    }

    /// <summary>
    /// Equal blocks with a loss on top: output and gradient 1 byte, backward twice the forward's second.
    /// </summary>
    public static Chain Uniform(int blocks, long saved) => Of(
        [.. Enumerable.Repeat(1.0, blocks), 0], [.. Enumerable.Repeat(2.0, blocks), 0],
        [.. Enumerable.Repeat(1L, blocks + 1), 0], [.. Enumerable.Repeat(saved, blocks), 0]);

    /// <summary>Uneven: the page's E2.</summary>
    public static Chain Uneven => Of([3, 1, 4, 1, 5, 0], [6, 2, 8, 2, 10, 0], [2, 4, 1, 3, 1, 1, 0], [6, 5, 4, 5, 3, 0],
        forwardSpace: [1, 0, 2, 0, 1, 0], backwardSpace: [1, 1, 2, 0, 1, 0]);
}
