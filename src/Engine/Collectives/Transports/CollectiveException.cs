namespace Interactive.Collectives;

/// <summary>A collective operation failed: an MPI error, or ranks that do different things.</summary>
public sealed class CollectiveException(string message) : Exception(message);
