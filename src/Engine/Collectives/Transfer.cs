namespace Interactive.Collectives;

/// <summary>A message on its way. The default value is a transfer that is already complete.</summary>
public struct Transfer
{
    /// <summary>The transport's own handle.</summary>
    internal nint Request;

    /// <summary>The transport's own object.</summary>
    internal object? State;

    /// <summary>Whether <see cref="ITransport.Wait"/> still has something to wait for.</summary>
    internal bool Pending;
}
