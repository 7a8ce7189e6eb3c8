namespace Interactive.Memory;

/// <summary>Bytes after one step of a schedule, by what holds them.</summary>
/// <param name="Step">Index in the schedule.</param>
/// <param name="PeakBytes">The most bytes alive during the step.</param>
/// <param name="Values">Outputs of nodes.</param>
/// <param name="Saved">What autograd graphs keep besides.</param>
/// <param name="Gradients">Gradients of values.</param>
/// <param name="Workspace">Transient bytes during the step, gone after it.</param>
public readonly record struct TimelinePoint(int Step, long PeakBytes, long Values, long Saved, long Gradients,
    long Workspace)
{
    /// <summary>Bytes alive while the workspace was asked for.</summary>
    public long BytesUnderWorkspace { get; init; }
    /// <summary>Bytes alive after the step.</summary>
    public long LiveBytes => Values + Saved + Gradients;
}
