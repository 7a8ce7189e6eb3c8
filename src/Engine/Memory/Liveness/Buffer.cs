namespace Interactive.Memory.Liveness;

/// <summary>Memory that is in use from one step to another, both included.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="First">The step that writes it.</param>
/// <param name="Last">The last step that reads it.</param>
public readonly record struct Buffer(long Bytes, int First, int Last)
{
    /// <summary>True when both are in use at some step.</summary>
    public bool Overlaps(Buffer other) => First <= other.Last && other.First <= Last;
}
