namespace Interactive.Memory;

/// <summary>What a plan must know of a loss.</summary>
/// <param name="ReadsOutput">Its backward reads the outputs.</param>
/// <param name="Overwrites">It may write its gradient over an output that nobody else reads.</param>
public readonly record struct LossTraits(bool ReadsOutput, bool Overwrites);
