using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>An op whose second run is cheaper than its first, given the statistics of the first.</summary>
public interface IReapplied : IDirect
{
    /// <summary>The same result again, without a graph.</summary>
    Tensor Reapply(Tensor input, Tensor[] statistics);
}
