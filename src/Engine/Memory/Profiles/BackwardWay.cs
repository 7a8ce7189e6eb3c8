namespace Interactive.Memory;

/// <summary>One way to make gradients.</summary>
/// <param name="Number">As the op counts its ways.</param>
/// <param name="Seconds">It takes.</param>
/// <param name="Workspace">Transient bytes, the gradient of the input not counted.</param>
public sealed record BackwardWay(int Number, double Seconds, long Workspace);
