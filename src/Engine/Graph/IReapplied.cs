using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>An op of one input whose second run is cheaper than its first, given small statistics of the first.</summary>
public interface IReapplied
{
    /// <summary>True when the statistics can be had and used for this input.</summary>
    bool Reapplies(Tensor input);
    /// <summary>The first run, in training mode.</summary>
    /// <param name="input">What the op reads.</param>
    /// <param name="mode">How it is run.</param>
    /// <param name="statistics">What <see cref="Reapply"/> needs; the caller disposes it.</param>
    Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics);
    /// <summary>The same result again, without a graph.</summary>
    Tensor Reapply(Tensor input, Tensor[] statistics);
}
