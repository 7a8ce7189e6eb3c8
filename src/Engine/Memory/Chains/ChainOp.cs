namespace Interactive.Memory.Chains;

/// <summary>What one operation of a plan over a chain does.</summary>
public enum ChainOpKind
{
    /// <summary>
    /// Run a block forward and keep its output; its input goes, unless a saving forward or the caller holds it.
    /// </summary>
    Forward,
    /// <summary>Run a block forward and keep both its output and its input.</summary>
    Checkpoint,
    /// <summary>Run a block forward and save what backward needs.</summary>
    ForwardAll,
    /// <summary>Run a block backward: its saved bytes, its output's gradient and a bare copy of its input go.</summary>
    Backward,
}

/// <summary>One operation.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Stage">The block, from 0.</param>
/// <param name="Option">Which of the block's options, for <see cref="ChainOpKind.ForwardAll"/>.</param>
public readonly record struct ChainOp(ChainOpKind Kind, int Stage, int Option = 0);

/// <summary>A plan over a chain.</summary>
/// <param name="Seconds">Its time.</param>
/// <param name="PeakBytes">Its peak, in bytes as they are, not rounded.</param>
/// <param name="Ops">What is done, in order.</param>
public sealed record ChainPlan(double Seconds, long PeakBytes, IReadOnlyList<ChainOp> Ops);
