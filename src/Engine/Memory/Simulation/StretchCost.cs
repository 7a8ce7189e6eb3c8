namespace Interactive.Memory.Blocks;

/// <summary>What the simulator saw of a stretch of nodes on its own.</summary>
/// <param name="ForwardPeak">The most bytes alive in the forward.</param>
/// <param name="KeptBytes">Bytes alive after it.</param>
/// <param name="BackwardPeak">The most bytes alive from then on, gradients from outside among them; 0 when backward was
/// not run.</param>
/// <param name="BackwardSeconds">Seconds from then on.</param>
internal readonly record struct StretchCost(long ForwardPeak, long KeptBytes, long BackwardPeak,
    double BackwardSeconds);
