namespace Interactive.Collectives;

/// <summary>A message on its way. The default value is a transfer that is already complete.</summary>
public struct Transfer
{
    /// <summary>The transport's own handle.</summary>
    internal nint Request;

    /// <summary>The transport's own object.</summary>
    internal object? State;

    /// <summary>Whether it takes so long over a network that a wait sleeps instead of polling.</summary>
    internal bool IsLong;

    /// <summary>Whether <see cref="ITransport.Wait"/> still has something to wait for.</summary>
    internal bool Pending;
}
