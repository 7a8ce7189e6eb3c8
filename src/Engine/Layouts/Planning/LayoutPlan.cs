namespace Interactive.Layouts;

/// <summary>What one rank of a layout holds and does in a step.</summary>
/// <param name="Rank">Its place in the pipeline.</param>
/// <param name="First">Name of its first layer.</param>
/// <param name="End">Name of its last layer.</param>
/// <param name="FixedBytes">Parameters, gradients, optimiser state, buffers, the batch.</param>
/// <param name="ActivationPeakBytes">The most that micro-batches and messages hold.</param>
/// <param name="ComputeSeconds">Seconds that it computes.</param>
/// <param name="SentBytes">Bytes that it sends: activations, their gradients, and sums of gradients over data
/// ranks.</param>
public sealed record RankShare(int Rank, string First, string End, long FixedBytes, long ActivationPeakBytes,
    double ComputeSeconds, long SentBytes)
{
    /// <summary>All bytes.</summary>
    public long PeakBytes => FixedBytes + ActivationPeakBytes;
}

/// <summary>A layout with its stages chosen: what every rank runs, and what a step is predicted to take.</summary>
/// <param name="Layout">The layout.</param>
/// <param name="Stages">By stage.</param>
/// <param name="Run">The step, played through.</param>
/// <param name="Ranks">By place in the pipeline.</param>
/// <param name="SumSeconds">Seconds of the sum over data ranks, which follows the step.</param>
public sealed record LayoutPlan(Layout Layout, IReadOnlyList<StagePlan> Stages, LayoutRun Run,
    IReadOnlyList<RankShare> Ranks, double SumSeconds)
{
    /// <summary>Seconds of a step.</summary>
    public double StepSeconds => Run.StepSeconds + SumSeconds;

    /// <summary>The part of all ranks' time in which they wait.</summary>
    public double IdleShare => 1 - Ranks.Sum(r => r.ComputeSeconds) / (Ranks.Count * StepSeconds);

    /// <summary>Bytes of the rank that holds most.</summary>
    public long PeakBytes => Ranks.Max(r => r.PeakBytes);
}
