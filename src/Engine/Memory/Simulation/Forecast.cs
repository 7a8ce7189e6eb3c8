namespace Interactive.Memory;

/// <summary>What a schedule is said to cost.</summary>
/// <param name="PeakBytes">The most bytes alive at one instant: activations, gradients of activations,
/// workspace.</param>
/// <param name="Seconds">One step.</param>
/// <param name="RecomputeSeconds">The part of it spent on second runs.</param>
/// <param name="ExtraSeconds">What it takes beyond a step in which every node runs once, and backward by
/// autograd.</param>
/// <param name="Recomputes">Number of second runs.</param>
/// <param name="PeakStep">Index of the step in which the peak occurs.</param>
public sealed record Forecast(long PeakBytes, double Seconds, double RecomputeSeconds, double ExtraSeconds,
    int Recomputes, int PeakStep);
