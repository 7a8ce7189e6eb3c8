namespace Interactive.Memory;

/// <summary>What one node costs, for one batch.</summary>
public sealed record NodeProfile
{
    /// <summary>The node's name.</summary>
    public required string Name { get; init; }
    /// <summary>Bytes of its output.</summary>
    public required long OutputBytes { get; init; }
    /// <summary>Bytes its autograd graph keeps besides inputs and output: statistics, indices, masks.</summary>
    public long ExtraBytes { get; init; }
    /// <summary>
    /// Whether its autograd graph holds the output, of an op of which that is not known beforehand; default true.
    /// </summary>
    public bool HoldsOutput { get; init; } = true;
    /// <summary>Seconds of the first forward.</summary>
    public double Forward { get; init; }
    /// <summary>Seconds of a second run for the output alone.</summary>
    public double Recompute { get; init; }
    /// <summary>Seconds of backward by autograd.</summary>
    public double Backward { get; init; }
    /// <summary>Transient bytes of a forward with graph, besides output and extra bytes.</summary>
    public long ForwardWorkspace { get; init; }
    /// <summary>Transient bytes of a run for the output alone.</summary>
    public long RecomputeWorkspace { get; init; }
    /// <summary>
    /// Transient bytes of backward by autograd besides the gradients of the inputs; parameter gradients before they are
    /// added belong here.
    /// </summary>
    public long BackwardWorkspace { get; init; }
    /// <summary>
    /// Ways to make the parameters' gradients before the input's, found to have autograd's bits: the fastest first,
    /// each smaller than the one before. Empty: autograd's backward is the only one.
    /// </summary>
    public IReadOnlyList<BackwardWay> ParameterWays { get; init; } = [];
    /// <summary>Ways to make the input's gradient after that; empty where the input is the graph's.</summary>
    public IReadOnlyList<BackwardWay> InputWays { get; init; } = [];
    /// <summary>
    /// Bytes that backward leaves behind (positive) or clears away: sums of tied parameters' gradients.
    /// </summary>
    public long BackwardResidue { get; init; }
}
