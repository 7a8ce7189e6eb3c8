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
    /// <summary>Seconds of the first forward.</summary>
    public double Forward { get; init; }
    /// <summary>Seconds of a second run for the output alone.</summary>
    public double Recompute { get; init; }
    /// <summary>Seconds of backward.</summary>
    public double Backward { get; init; }
    /// <summary>Transient bytes of a forward with graph, besides output and extra bytes.</summary>
    public long ForwardWorkspace { get; init; }
    /// <summary>Transient bytes of a run for the output alone.</summary>
    public long RecomputeWorkspace { get; init; }
    /// <summary>Transient bytes of backward besides the gradients of the inputs; parameter gradients before they are added belong here.</summary>
    public long BackwardWorkspace { get; init; }
    /// <summary>In how many parts backward makes the parameters' gradients, before the input's, where that was found to have autograd's bits; 0: all at once, by autograd.</summary>
    public int GradientParts { get; init; }
    /// <summary>Transient bytes while the parameters' gradients are made in parts.</summary>
    public long ParameterWorkspace { get; init; }
    /// <summary>Bytes that backward leaves behind (positive) or clears away: sums of tied parameters' gradients.</summary>
    public long BackwardResidue { get; init; }
}
