namespace Interactive.Layouts;

/// <summary>What a rank does with one micro-batch in one of its stages.</summary>
public enum PassKind : byte
{
    /// <summary>Forward.</summary>
    F,
    /// <summary>The part of backward that the stage before waits for: the gradient of the stage's input.</summary>
    B,
    /// <summary>The rest of backward: the gradients of the stage's parameters.</summary>
    W,
    /// <summary>The whole backward.</summary>
    BW,
}

/// <summary>One entry of a rank's order of work.</summary>
/// <param name="Pass">What is run.</param>
/// <param name="Chunk">Which of the rank's stages, from 0.</param>
/// <param name="Micro">Which micro-batch, from 0.</param>
public readonly record struct PipelineAction(PassKind Pass, int Chunk, int Micro)
{
    /// <inheritdoc/>
    public override string ToString() => Chunk == 0 ? $"{Pass}{Micro}" : $"{Pass}{Micro}'{Chunk}";
}
