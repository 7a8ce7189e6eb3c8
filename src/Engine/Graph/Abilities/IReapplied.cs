using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// An op whose second run is cheaper than its first, given the statistics of the first. Where it rectifies and yet
/// declares that backward does not read its output (<see cref="Saved.Output"/>), the gradient is masked by what the
/// input tells of the output. Channels do not meet in it, so its input may be in pieces, one behind the other along the
/// channels.
/// </summary>
internal interface IReapplied : IDirectUnary
{
    /// <summary>True when the node's input may be in pieces.</summary>
    bool ReadsPieces(Node node);

    /// <summary>The first run, as <see cref="IDirectUnary.Forward"/>.</summary>
    /// <param name="input">What the op reads, or its pieces.</param>
    /// <param name="mode">How it is run.</param>
    /// <param name="statistics">Results that the others read; the caller disposes them.</param>
    Tensor ForwardPieces(ReadOnlySpan<Tensor> input, RunMode mode, out Tensor[] statistics);

    /// <summary>The same result again, without a graph.</summary>
    Tensor Reapply(ReadOnlySpan<Tensor> input, Tensor[] statistics);

    /// <summary>Zeroes the gradient where the output of a rectified op is not positive, without the output.</summary>
    /// <param name="input">What the op reads, or its pieces.</param>
    /// <param name="gradient">Of the output.</param>
    /// <param name="statistics">Those of the first run.</param>
    /// <param name="result">Receives the masked gradient; may be <paramref name="gradient"/>.</param>
    void Mask(ReadOnlySpan<Tensor> input, Tensor gradient, Tensor[] statistics, Tensor result);
}
