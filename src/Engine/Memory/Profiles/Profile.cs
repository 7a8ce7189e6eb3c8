namespace Interactive.Memory;

/// <summary>
/// What every node of a fused graph costs for one batch: the planners' only source of bytes and seconds.
/// </summary>
public sealed record Profile
{
    /// <summary><c>measured</c> or <c>analytic</c>.</summary>
    public required string Source { get; init; }
    /// <summary>Samples in a batch.</summary>
    public required long Batch { get; init; }
    /// <summary>By node id of the fused graph.</summary>
    public required IReadOnlyList<NodeProfile> Nodes { get; init; }
    /// <summary>Seconds of the loss with its gradient.</summary>
    public double Loss { get; init; }
    /// <summary>
    /// Whether the loss's backward reads the outputs; else they go before it, where nothing else reads them.
    /// </summary>
    public bool LossReadsOutput { get; init; }
    /// <summary>Whether the loss writes its gradient over the output.</summary>
    public bool LossOverwrites { get; init; }
    /// <summary>Transient bytes of the loss besides the gradient of the output.</summary>
    public long LossWorkspace { get; init; }
    /// <summary>
    /// Peak bytes of plain autograd, as <see cref="PlainSimulator"/> finds it; null in an analytic profile.
    /// </summary>
    public long? PlainPeakBytes { get; init; }
    /// <summary>Seconds of a step that recomputes nothing.</summary>
    public double StepSeconds => Loss + Nodes.Sum(n => n.Forward + n.Backward);
}
