namespace Interactive.Memory;

/// <summary>What a plan must know of a loss.</summary>
/// <param name="ReadsOutput">Its backward reads the outputs.</param>
/// <param name="Overwrites">It may write its gradient over an output that nobody else reads.</param>
public readonly record struct LossTraits(bool ReadsOutput, bool Overwrites)
{
    /// <summary>Tensors of the outputs' size that it holds besides those of softmax cross-entropy; default 0.</summary>
    internal int Tables { get; init; }

    /// <summary>Bytes that it holds for each row of scores where it works on whole rows at once; 0 (default) where it works on pieces of the output.</summary>
    internal long RowBytes { get; init; }
}
