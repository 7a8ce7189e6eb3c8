using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// An op whose second run is cheaper than its first, given the statistics of the first. Where it rectifies and yet declares that backward
/// does not read its output (<see cref="Saved.Output"/>), the gradient is masked by what the input tells of the output.
/// </summary>
public interface IReapplied : IDirect
{
    /// <summary>The same result again, without a graph.</summary>
    Tensor Reapply(Tensor input, Tensor[] statistics);

    /// <summary>Zeroes the gradient where the output of a rectified op is not positive, without the output.</summary>
    /// <param name="input">What the op reads.</param>
    /// <param name="gradient">Of the output.</param>
    /// <param name="statistics">Those of the first run.</param>
    /// <param name="result">Receives the masked gradient; may be <paramref name="gradient"/>.</param>
    void Mask(Tensor input, Tensor gradient, Tensor[] statistics, Tensor result);
}
